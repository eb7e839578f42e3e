/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Calibration of quantized models on samples: measuring what quantization costs each layer, and making up for it.
 *
 * Models must be linear: one layer behind the other, each called once.
 *
 * Thread safety: a sampler belongs to one thread.
 */
#ifndef CNN2SNN_CALIBRATE_H
#define CNN2SNN_CALIBRATE_H

#include "cnn2snn/quantizer.h"
#include "cnn2snn/transform.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------------------------ sampler */

/** Looks at one layer of a quantized model at a time, on the inputs that the layers before it give (quantized). */
typedef struct cnn2snn_sampler cnn2snn_sampler;

typedef struct cnn2snn_sampler_options {
    size_t struct_size;
    int64_t batch_size; /**< 0 (default): one batch of all samples */
    int32_t
        keep_partial_batch; /**< not 0: samples behind the last whole batch make a smaller one; default: left out */
    int32_t reserved;       /**< 0 */
} cnn2snn_sampler_options;
#define CNN2SNN_SAMPLER_OPTIONS_INIT                                                                                 \
    {                                                                                                                \
        sizeof(cnn2snn_sampler_options), 0, 0, 0                                                                     \
    }
CNN2SNN_API cnn2snn_status cnn2snn_sampler_options_init(cnn2snn_sampler_options *options, size_t struct_size);

/**
 * QuantizationSampler(model, samples, batch_size). The samples may have any rank that the model takes.
 *
 * @param options NULL: the defaults.
 * @return CNN2SNN_E_VALUE for no samples, samples of another shape, or a batch size above their number;
 *         CNN2SNN_E_NOT_SEQUENTIAL for models with branches.
 */
CNN2SNN_API cnn2snn_status cnn2snn_sampler_create(const cnn2snn_model *model, cnn2snn_samples *samples,
                                                  const cnn2snn_sampler_options *options,
                                                  cnn2snn_sampler **out_sampler, cnn2snn_error **error);
CNN2SNN_API void cnn2snn_sampler_destroy(cnn2snn_sampler *sampler);
CNN2SNN_API int64_t cnn2snn_sampler_get_batch_count(const cnn2snn_sampler *sampler);

/**
 * Selects a quantized layer by name. With `include_activation` other than 0 what is looked at reaches up to the next
 * QuantizedReLU behind it, if there is one.
 * @return CNN2SNN_E_VALUE for a name that isn't there, and for layers that aren't QuantizedConv2D,
 *         QuantizedSeparableConv2D or QuantizedDense.
 */
CNN2SNN_API cnn2snn_status cnn2snn_sampler_select_layer(cnn2snn_sampler *sampler, const char *layer_name,
                                                        int32_t include_activation, cnn2snn_error **error);
/** Outputs for a batch; CNN2SNN_E_STATE without a selected layer, CNN2SNN_E_VALUE for a batch that isn't there. */
CNN2SNN_API cnn2snn_status cnn2snn_sampler_quantized_outputs(cnn2snn_sampler *sampler, int64_t batch_index,
                                                             cnn2snn_tensor **out_outputs, cnn2snn_error **error);
/** The same with the float weights of the selected layer; its inputs and the activation behind it stay quantized. */
CNN2SNN_API cnn2snn_status cnn2snn_sampler_float_outputs(cnn2snn_sampler *sampler, int64_t batch_index,
                                                         cnn2snn_tensor **out_outputs, cnn2snn_error **error);
/** Gives the selected layer another weight. The layers behind it see it when they are selected. */
CNN2SNN_API cnn2snn_status cnn2snn_sampler_set_weight(cnn2snn_sampler *sampler, size_t index,
                                                      const cnn2snn_tensor *value, cnn2snn_error **error);
/** A model with the weights as they are by now. */
CNN2SNN_API cnn2snn_status cnn2snn_sampler_get_model(const cnn2snn_sampler *sampler, cnn2snn_model **out_model,
                                                     cnn2snn_error **error);

/** Measures of float outputs f against quantized outputs q, over all batches. */
typedef int32_t cnn2snn_metric_kind;
enum {
    CNN2SNN_METRIC_MSE = 1,    /**< mean of (f - q)^2 */
    CNN2SNN_METRIC_MAE = 2,    /**< mean of |f - q| */
    CNN2SNN_METRIC_MAX = 3,    /**< largest |f - q| */
    CNN2SNN_METRIC_COSINE = 4, /**< mean cosine between f and q along the last axis; 0 where one is all zeros */
    CNN2SNN_METRIC_SQNR = 5    /**< 10 log10(sum f^2 / sum (f - q)^2) in dB; infinity where they are equal */
};

/** A measure of the user's, called as the reference calls Keras metrics. */
typedef struct cnn2snn_metric {
    size_t struct_size;
    void *user_data;
    cnn2snn_destroy_fn destroy_user_data; /**< called before the function that takes the struct returns */
    cnn2snn_status (*reset)(void *user_data, cnn2snn_error **error); /**< may be NULL */
    /** Once a batch, first the float, then the quantized outputs (borrowed during the call). */
    cnn2snn_status (*update)(void *user_data, const cnn2snn_tensor *float_outputs,
                             const cnn2snn_tensor *quantized_outputs, cnn2snn_error **error);
    cnn2snn_status (*result)(void *user_data, double *out_result, cnn2snn_error **error);
} cnn2snn_metric;
#define CNN2SNN_METRIC_INIT                                                                                          \
    {                                                                                                                \
        sizeof(cnn2snn_metric), NULL, NULL, NULL, NULL, NULL                                                         \
    }

/** The error of the selected layer over all batches. */
CNN2SNN_API cnn2snn_status cnn2snn_sampler_quantization_error(cnn2snn_sampler *sampler, cnn2snn_metric_kind metric,
                                                              double *out_result, cnn2snn_error **error);
CNN2SNN_API cnn2snn_status cnn2snn_sampler_quantization_error_by(cnn2snn_sampler *sampler,
                                                                 const cnn2snn_metric *metric, double *out_result,
                                                                 cnn2snn_error **error);

/** The next QuantizedReLU behind a layer; NULL where there is none. Borrowed from the model. */
CNN2SNN_API cnn2snn_status cnn2snn_model_next_activation(const cnn2snn_model *model, const char *layer_name,
                                                         const cnn2snn_layer **out_layer, cnn2snn_error **error);

/* ------------------------------------------------------------------------------------------------ methods */

/** What became of a layer. */
typedef struct cnn2snn_calibrated_layer {
    size_t struct_size;
    const char *layer_name;
    double error_before, error_after; /**< mean squared error of the layer's outputs */
    uint64_t changed_weights;         /**< quantized weights that are others now (adaround) */
    uint64_t weight_count;            /**< out of so many */
    int64_t epochs;                   /**< that were run (adaround) */
} cnn2snn_calibrated_layer;
typedef void (*cnn2snn_calibrated_layer_fn)(void *user_data, const cnn2snn_calibrated_layer *layer);

typedef struct cnn2snn_bias_correction_options {
    size_t struct_size;
    int64_t batch_size;                     /**< 0 (default): all samples. Seen only in which samples are left out */
    int32_t keep_partial_batch;             /**< as cnn2snn_sampler_options; each sample counts the same */
    int32_t reserved;                       /**< 0 */
    cnn2snn_calibrated_layer_fn layer_done; /**< called for each layer; NULL: not */
    void *user_data;
    cnn2snn_destroy_fn destroy_user_data; /**< called before the function returns */
} cnn2snn_bias_correction_options;
#define CNN2SNN_BIAS_CORRECTION_OPTIONS_INIT                                                                         \
    {                                                                                                                \
        sizeof(cnn2snn_bias_correction_options), 0, 0, 0, NULL, NULL, NULL                                           \
    }
CNN2SNN_API cnn2snn_status cnn2snn_bias_correction_options_init(cnn2snn_bias_correction_options *options,
                                                                size_t struct_size);

/**
 * bias_correction(model, samples, batch_size): adds to the biases of the quantized layers the mean of what their
 * quantization takes away, layer by layer on the outputs of the corrected layers before. Layers without bias get one.
 * Sequential models only.
 */
CNN2SNN_API cnn2snn_status cnn2snn_model_bias_correction(const cnn2snn_model *model, cnn2snn_samples *samples,
                                                         const cnn2snn_bias_correction_options *options,
                                                         cnn2snn_model **out_model, cnn2snn_error **error);

typedef int32_t cnn2snn_optimizer_kind;
enum {
    CNN2SNN_OPTIMIZER_SGD = 1,
    CNN2SNN_OPTIMIZER_ADAM = 2,
    CNN2SNN_OPTIMIZER_RMSPROP = 3,
    CNN2SNN_OPTIMIZER_CUSTOM = 4
};

/** Keras's optimizers with its defaults, or one of the user's. */
typedef struct cnn2snn_optimizer {
    size_t struct_size;
    cnn2snn_optimizer_kind kind; /**< default: Adam */
    int32_t nesterov;            /**< SGD; default 0 */
    double learning_rate;        /**< default 0.001; CUSTOM doesn't use it */
    double momentum;             /**< SGD, RMSprop; default 0 */
    double beta_1, beta_2;       /**< Adam; default 0.9, 0.999 */
    double rho;                  /**< RMSprop; default 0.9 */
    double epsilon;              /**< Adam, RMSprop; default 1e-7 */
    int32_t centered;            /**< RMSprop; default 0 */
    int32_t reserved;            /**< 0 */
    /**
     * CUSTOM: changes `values` for the gradient of step number `step` (from 1 on, through all layers). `variable` is
     * the number of the tensor, the same in every step.
     */
    cnn2snn_status (*apply)(void *user_data, uint64_t step, size_t variable, size_t count, const float *gradient,
                            float *values, cnn2snn_error **error);
    void *user_data;
    cnn2snn_destroy_fn destroy_user_data; /**< called before the function that takes the struct returns */
} cnn2snn_optimizer;
#define CNN2SNN_OPTIMIZER_INIT                                                                                       \
    {                                                                                                                \
        sizeof(cnn2snn_optimizer), CNN2SNN_OPTIMIZER_ADAM, 0, 0.001, 0, 0.9, 0.999, 0.9, 1e-7, 0, 0, NULL, NULL,     \
            NULL                                                                                                     \
    }
CNN2SNN_API cnn2snn_status cnn2snn_optimizer_init(cnn2snn_optimizer *optimizer, size_t struct_size);

typedef int32_t cnn2snn_loss_kind;
enum {
    CNN2SNN_LOSS_MSE = 1, /**< MeanSquaredError */
    CNN2SNN_LOSS_MAE = 2, /**< MeanAbsoluteError */
    CNN2SNN_LOSS_HUBER = 3,
    CNN2SNN_LOSS_CUSTOM = 4
};

/** The loss between float outputs (y_true) and quantized ones (y_pred), a mean over all elements of a batch. */
typedef struct cnn2snn_loss {
    size_t struct_size;
    cnn2snn_loss_kind kind; /**< default: MSE */
    int32_t reserved;       /**< 0 */
    double delta;           /**< HUBER; default 1 */
    /** CUSTOM: the loss of a batch and its gradient, as many floats as y_pred has. */
    cnn2snn_status (*evaluate)(void *user_data, const cnn2snn_tensor *y_true, const cnn2snn_tensor *y_pred,
                               double *out_loss, float *gradient, cnn2snn_error **error);
    void *user_data;
    cnn2snn_destroy_fn destroy_user_data; /**< called before the function that takes the struct returns */
} cnn2snn_loss;
#define CNN2SNN_LOSS_INIT                                                                                            \
    {                                                                                                                \
        sizeof(cnn2snn_loss), CNN2SNN_LOSS_MSE, 0, 1.0, NULL, NULL, NULL                                             \
    }
CNN2SNN_API cnn2snn_status cnn2snn_loss_init(cnn2snn_loss *loss, size_t struct_size);

typedef struct cnn2snn_adaround_options {
    size_t struct_size;
    const cnn2snn_optimizer *optimizer; /**< NULL (default): Adam with a learning rate of 0.01 */
    const cnn2snn_loss *loss;           /**< NULL (default): mean squared error */
    int64_t epochs;                     /**< default 10 */
    int64_t batch_size;                 /**< 0 (default): one step an epoch, on all samples */
    int32_t keep_partial_batch;         /**< as cnn2snn_sampler_options */
    int32_t include_activation;         /**< not 0: the error is taken behind the next QuantizedReLU; default 0 */
    int32_t no_gram;  /**< not 0: gradients always come from the samples, never in Gram form; default 0 */
    int32_t reserved; /**< 0 */
    cnn2snn_calibrated_layer_fn layer_done; /**< called for each layer; NULL: not */
    void *user_data;
    cnn2snn_destroy_fn destroy_user_data; /**< called before the function returns */
} cnn2snn_adaround_options;
#define CNN2SNN_ADAROUND_OPTIONS_INIT                                                                                \
    {                                                                                                                \
        sizeof(cnn2snn_adaround_options), NULL, NULL, 10, 0, 0, 0, 0, 0, NULL, NULL, NULL                            \
    }
CNN2SNN_API cnn2snn_status cnn2snn_adaround_options_init(cnn2snn_adaround_options *options, size_t struct_size);

/**
 * adaround(model, samples, optimizer, epochs, loss, batch_size, include_activation): learns for each quantized weight
 * whether it is to be rounded up or down, layer by layer.
 */
CNN2SNN_API cnn2snn_status cnn2snn_model_adaround(const cnn2snn_model *model, cnn2snn_samples *samples,
                                                  const cnn2snn_adaround_options *options, cnn2snn_model **out_model,
                                                  cnn2snn_error **error);

#ifdef __cplusplus
}
#endif

#endif
