/* SPDX-License-Identifier: Apache-2.0 */
/* Prints where the fields of the options structs lie, under the names that bindings/python gives the structs. */
#include <stdio.h>

#include <cnn2snn/cnn2snn.h>

#define FIELD(type, field) offsetof(type, field), sizeof(((type *)0)->field)

static void print_struct(const char *name, size_t size, size_t count, const size_t *fields, int last)
{
    printf("\"%s\": {\"size\": %zu, \"fields\": [", name, size);
    for (size_t i = 0; i < count; i += 2)
        printf("%s[%zu, %zu]", i ? ", " : "", fields[i], fields[i + 1]);
    printf("]}%s\n", last ? "" : ",");
}

#define PRINT(name, type, last, ...)                                                                                 \
    do {                                                                                                             \
        const size_t fields[] = {__VA_ARGS__};                                                                       \
        print_struct(name, sizeof(type), sizeof fields / sizeof *fields, fields, last);                              \
    } while (0)

typedef cnn2snn_context_options context_options;
typedef cnn2snn_load_options load_options;
typedef cnn2snn_quantize_options quantize_options;
typedef cnn2snn_convert_options convert_options;
typedef cnn2snn_check_options check_options;
typedef cnn2snn_akida_save_options akida_save_options;
typedef cnn2snn_predict_options predict_options;
typedef cnn2snn_quantizer_class quantizer_class;
typedef cnn2snn_activation_class activation_class;
typedef cnn2snn_adaround_options adaround_options;
typedef cnn2snn_bias_correction_options bias_correction_options;
typedef cnn2snn_calibrated_layer calibrated_layer;
typedef cnn2snn_loss loss;
typedef cnn2snn_metric metric;
typedef cnn2snn_optimizer optimizer;
typedef cnn2snn_sampler_options sampler_options;
typedef cnn2snn_simulator_options simulator_options;
typedef cnn2snn_simulator_memory simulator_memory;

static void print_options(void)
{
    PRINT("LoadOptions", load_options, 0, FIELD(load_options, struct_size), FIELD(load_options, custom_objects),
          FIELD(load_options, allow_unknown_layers), FIELD(load_options, reserved),
          FIELD(load_options, without_training), FIELD(load_options, reserved2));
    PRINT("SimulatorOptions", simulator_options, 0, FIELD(simulator_options, struct_size),
          FIELD(simulator_options, threads), FIELD(simulator_options, reserved));
    PRINT("SimulatorMemory", simulator_memory, 0, FIELD(simulator_memory, struct_size),
          FIELD(simulator_memory, weights), FIELD(simulator_memory, activations), FIELD(simulator_memory, workspace),
          FIELD(simulator_memory, state), FIELD(simulator_memory, layer_outputs), FIELD(simulator_memory, total));
    PRINT("QuantizeOptions", quantize_options, 0, FIELD(quantize_options, struct_size),
          FIELD(quantize_options, weight_quantization), FIELD(quantize_options, activ_quantization),
          FIELD(quantize_options, input_weight_quantization), FIELD(quantize_options, skip_fold_batchnorm),
          FIELD(quantize_options, quantizer_function), FIELD(quantize_options, quantizer_function_user_data),
          FIELD(quantize_options, destroy_quantizer_function_user_data));
    PRINT("ConvertOptions", convert_options, 0, FIELD(convert_options, struct_size),
          FIELD(convert_options, input_scale), FIELD(convert_options, input_shift),
          FIELD(convert_options, has_input_scaling), FIELD(convert_options, input_mode),
          FIELD(convert_options, akida_version), FIELD(convert_options, reserved),
          FIELD(convert_options, akida_release), FIELD(convert_options, hardware_mapper),
          FIELD(convert_options, hardware_mapper_user_data), FIELD(convert_options, flatten_shifts),
          FIELD(convert_options, exact_scales));
    PRINT("CheckOptions", check_options, 0, FIELD(check_options, struct_size), FIELD(check_options, input_mode),
          FIELD(check_options, reserved), FIELD(check_options, akida_version), FIELD(check_options, reserved2),
          FIELD(check_options, flow), FIELD(check_options, input_dtype), FIELD(check_options, hardware_mapper),
          FIELD(check_options, hardware_mapper_user_data));
    PRINT("AkidaSaveOptions", akida_save_options, 0, FIELD(akida_save_options, struct_size),
          FIELD(akida_save_options, version), FIELD(akida_save_options, akida_release));
    PRINT("PredictOptions", predict_options, 0, FIELD(predict_options, struct_size),
          FIELD(predict_options, batch_size), FIELD(predict_options, threads), FIELD(predict_options, reserved),
          FIELD(predict_options, layer_output), FIELD(predict_options, layer_output_user_data),
          FIELD(predict_options, layer_integers), FIELD(predict_options, layer_integers_user_data));
}

static void print_classes(void)
{
    PRINT("QuantizerClass", quantizer_class, 0, FIELD(quantizer_class, struct_size),
          FIELD(quantizer_class, user_data), FIELD(quantizer_class, destroy_user_data),
          FIELD(quantizer_class, scale_factor), FIELD(quantizer_class, quantize));
    PRINT("ActivationClass", activation_class, 0, FIELD(activation_class, struct_size),
          FIELD(activation_class, user_data), FIELD(activation_class, destroy_user_data),
          FIELD(activation_class, step));
}

static void print_calibration(void)
{
    PRINT("SamplerOptions", sampler_options, 0, FIELD(sampler_options, struct_size),
          FIELD(sampler_options, batch_size), FIELD(sampler_options, keep_partial_batch),
          FIELD(sampler_options, reserved));
    PRINT("Metric", metric, 0, FIELD(metric, struct_size), FIELD(metric, user_data), FIELD(metric, destroy_user_data),
          FIELD(metric, reset), FIELD(metric, update), FIELD(metric, result));
    PRINT("CalibratedLayer", calibrated_layer, 0, FIELD(calibrated_layer, struct_size),
          FIELD(calibrated_layer, layer_name), FIELD(calibrated_layer, error_before),
          FIELD(calibrated_layer, error_after), FIELD(calibrated_layer, changed_weights),
          FIELD(calibrated_layer, weight_count), FIELD(calibrated_layer, epochs));
    PRINT("BiasCorrectionOptions", bias_correction_options, 0, FIELD(bias_correction_options, struct_size),
          FIELD(bias_correction_options, batch_size), FIELD(bias_correction_options, keep_partial_batch),
          FIELD(bias_correction_options, reserved), FIELD(bias_correction_options, layer_done),
          FIELD(bias_correction_options, user_data), FIELD(bias_correction_options, destroy_user_data));
    PRINT("Optimizer", optimizer, 0, FIELD(optimizer, struct_size), FIELD(optimizer, kind),
          FIELD(optimizer, nesterov), FIELD(optimizer, learning_rate), FIELD(optimizer, momentum),
          FIELD(optimizer, beta_1), FIELD(optimizer, beta_2), FIELD(optimizer, rho), FIELD(optimizer, epsilon),
          FIELD(optimizer, centered), FIELD(optimizer, reserved), FIELD(optimizer, apply),
          FIELD(optimizer, user_data), FIELD(optimizer, destroy_user_data));
    PRINT("Loss", loss, 0, FIELD(loss, struct_size), FIELD(loss, kind), FIELD(loss, reserved), FIELD(loss, delta),
          FIELD(loss, evaluate), FIELD(loss, user_data), FIELD(loss, destroy_user_data));
    PRINT("AdaroundOptions", adaround_options, 0, FIELD(adaround_options, struct_size),
          FIELD(adaround_options, optimizer), FIELD(adaround_options, loss), FIELD(adaround_options, epochs),
          FIELD(adaround_options, batch_size), FIELD(adaround_options, keep_partial_batch),
          FIELD(adaround_options, include_activation), FIELD(adaround_options, no_gram),
          FIELD(adaround_options, reserved), FIELD(adaround_options, layer_done), FIELD(adaround_options, user_data),
          FIELD(adaround_options, destroy_user_data));
}

int main(void)
{
    printf("{");
    print_options();
    print_classes();
    print_calibration();
    PRINT("ContextOptions", context_options, 1, FIELD(context_options, struct_size),
          FIELD(context_options, allocator), FIELD(context_options, log), FIELD(context_options, log_user_data),
          FIELD(context_options, destroy_log_user_data), FIELD(context_options, progress),
          FIELD(context_options, progress_user_data), FIELD(context_options, destroy_progress_user_data),
          FIELD(context_options, log_level), FIELD(context_options, akida_version),
          FIELD(context_options, hdf5_isolation), FIELD(context_options, threads),
          FIELD(context_options, max_file_bytes), FIELD(context_options, max_tensor_elements),
          FIELD(context_options, max_total_bytes), FIELD(context_options, max_nodes),
          FIELD(context_options, max_depth), FIELD(context_options, kernels));
    printf("}\n");
    return 0;
}
