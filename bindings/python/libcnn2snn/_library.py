# SPDX-License-Identifier: Apache-2.0
"""The shared library by ctypes: its structs, its functions and its errors. The package has them too."""
import ctypes as C
import json
import os

ABI_VERSION = 0x000100
MAX_RANK = 8
DTYPES = ["", "float32", "float64", "float16", "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
STATUS = {-1: MemoryError, -3: OSError, -8: ValueError, -9: TypeError, -10: IndexError, -12: AssertionError}

DESTROY = C.CFUNCTYPE(None, C.c_void_p)
LOG = C.CFUNCTYPE(None, C.c_void_p, C.c_int32, C.c_char_p, C.c_size_t)
QUANTIZER_FN = C.CFUNCTYPE(C.c_int32, C.c_void_p, C.c_void_p, C.c_void_p, C.POINTER(C.c_void_p), C.POINTER(C.c_void_p))
LAYER_OUTPUT = C.CFUNCTYPE(C.c_int32, C.c_void_p, C.c_char_p, C.c_void_p, C.POINTER(C.c_void_p))
LAYER_INTEGERS = C.CFUNCTYPE(C.c_int32, C.c_void_p, C.c_char_p, C.c_void_p, C.c_void_p, C.POINTER(C.c_void_p))
HARDWARE_MAPPER = C.CFUNCTYPE(C.c_int32, C.c_void_p, C.c_void_p, C.c_void_p, C.c_void_p, C.POINTER(C.c_void_p))
SCALE_FACTOR = C.CFUNCTYPE(C.c_int32, C.c_void_p, C.c_void_p, C.c_char_p, C.c_int32, C.c_void_p, C.POINTER(C.c_void_p),
                           C.POINTER(C.c_void_p))
STEP = C.CFUNCTYPE(C.c_int32, C.c_void_p, C.c_void_p, C.c_char_p, C.c_int32, C.POINTER(C.c_float), C.POINTER(C.c_void_p))


class Options(C.Structure):
    """An options struct: struct_size is filled in, all else is zero unless given."""

    def __init__(self, **fields):
        super().__init__(struct_size=C.sizeof(self), **fields)


class ContextOptions(Options):
    _fields_ = ([("struct_size", C.c_size_t), ("allocator", C.c_void_p), ("log", LOG), ("log_user_data", C.c_void_p),
                 ("destroy_log", C.c_void_p), ("progress", C.c_void_p), ("progress_user_data", C.c_void_p),
                 ("destroy_progress", C.c_void_p)]
                + [(n, C.c_int32) for n in ("log_level", "akida_version", "hdf5_isolation", "threads")]
                + [(n, C.c_uint64) for n in ("max_file_bytes", "max_tensor_elements", "max_total_bytes")]
                + [(n, C.c_uint32) for n in ("max_nodes", "max_depth")] + [("kernels", C.c_char_p)])


class LoadOptions(Options):
    _fields_ = [("struct_size", C.c_size_t), ("custom_objects", C.c_void_p), ("allow_unknown_layers", C.c_int32),
                ("reserved", C.c_int32), ("without_training", C.c_int32), ("reserved2", C.c_int32)]


class QuantizeOptions(Options):
    _fields_ = [("struct_size", C.c_size_t), ("weight_quantization", C.c_int32), ("activ_quantization", C.c_int32),
                ("input_weight_quantization", C.c_int32), ("skip_fold_batchnorm", C.c_int32),
                ("quantizer_function", QUANTIZER_FN), ("user_data", C.c_void_p), ("destroy", C.c_void_p)]


class ConvertOptions(Options):
    _fields_ = [("struct_size", C.c_size_t), ("input_scale", C.c_double), ("input_shift", C.c_double),
                ("has_input_scaling", C.c_int32), ("input_mode", C.c_int32), ("akida_version", C.c_int32),
                ("reserved", C.c_int32), ("akida_release", C.c_char_p), ("hardware_mapper", HARDWARE_MAPPER),
                ("hardware_mapper_user_data", C.c_void_p), ("flatten_shifts", C.c_int32), ("exact_scales", C.c_int32)]


class CheckOptions(Options):
    _fields_ = [("struct_size", C.c_size_t), ("input_mode", C.c_int32), ("reserved", C.c_int32),
                ("akida_version", C.c_int32), ("reserved2", C.c_int32), ("flow", C.c_int32), ("input_dtype", C.c_int32),
                ("hardware_mapper", HARDWARE_MAPPER), ("hardware_mapper_user_data", C.c_void_p)]


class AkidaSaveOptions(Options):
    _fields_ = [("struct_size", C.c_size_t), ("version", C.c_char_p), ("akida_release", C.c_char_p)]


class SimulatorOptions(Options):
    _fields_ = [("struct_size", C.c_size_t), ("threads", C.c_int32), ("reserved", C.c_int32)]


class SimulatorMemory(Options):
    _fields_ = [("struct_size", C.c_size_t)] + [(n, C.c_uint64) for n in ("weights", "activations", "workspace", "state",
                                                                          "layer_outputs", "total")]


class PredictOptions(Options):
    _fields_ = [("struct_size", C.c_size_t), ("batch_size", C.c_int64), ("threads", C.c_int32), ("reserved", C.c_int32),
                ("layer_output", LAYER_OUTPUT), ("layer_output_user_data", C.c_void_p), ("layer_integers", LAYER_INTEGERS),
                ("layer_integers_user_data", C.c_void_p)]


class QuantizerClass(Options):
    _fields_ = [("struct_size", C.c_size_t), ("user_data", C.c_void_p), ("destroy", C.c_void_p),
                ("scale_factor", SCALE_FACTOR), ("quantize", C.c_void_p)]


class ActivationClass(Options):
    _fields_ = [("struct_size", C.c_size_t), ("user_data", C.c_void_p), ("destroy", C.c_void_p), ("step", STEP)]


METRIC_RESET = C.CFUNCTYPE(C.c_int32, C.c_void_p, C.POINTER(C.c_void_p))
METRIC_UPDATE = C.CFUNCTYPE(C.c_int32, C.c_void_p, C.c_void_p, C.c_void_p, C.POINTER(C.c_void_p))
METRIC_RESULT = C.CFUNCTYPE(C.c_int32, C.c_void_p, C.POINTER(C.c_double), C.POINTER(C.c_void_p))
LAYER_DONE = C.CFUNCTYPE(None, C.c_void_p, C.c_void_p)
METRICS = {"mse": 1, "mae": 2, "max": 3, "cosine": 4, "sqnr": 5}


class SamplerOptions(Options):
    _fields_ = [("struct_size", C.c_size_t), ("batch_size", C.c_int64), ("keep_partial_batch", C.c_int32),
                ("reserved", C.c_int32)]


class Metric(Options):
    _fields_ = [("struct_size", C.c_size_t), ("user_data", C.c_void_p), ("destroy", C.c_void_p), ("reset", METRIC_RESET),
                ("update", METRIC_UPDATE), ("result", METRIC_RESULT)]


class CalibratedLayer(Options):
    _fields_ = [("struct_size", C.c_size_t), ("layer_name", C.c_char_p), ("error_before", C.c_double),
                ("error_after", C.c_double), ("changed_weights", C.c_uint64), ("weight_count", C.c_uint64),
                ("epochs", C.c_int64)]


class BiasCorrectionOptions(Options):
    _fields_ = SamplerOptions._fields_ + [("layer_done", LAYER_DONE), ("user_data", C.c_void_p), ("destroy", C.c_void_p)]


APPLY = C.CFUNCTYPE(C.c_int32, C.c_void_p, C.c_uint64, C.c_size_t, C.c_size_t, C.POINTER(C.c_float), C.POINTER(C.c_float),
                    C.POINTER(C.c_void_p))
EVALUATE = C.CFUNCTYPE(C.c_int32, C.c_void_p, C.c_void_p, C.c_void_p, C.POINTER(C.c_double), C.POINTER(C.c_float),
                       C.POINTER(C.c_void_p))
OPTIMIZERS = {"sgd": 1, "adam": 2, "rmsprop": 3}
LOSSES = {"mse": 1, "mae": 2, "huber": 3}


class Optimizer(Options):
    """kind: a name of OPTIMIZERS with Keras's arguments, or a function(step, variable, gradient, values) that changes
    the numpy array values."""
    _fields_ = [("struct_size", C.c_size_t), ("kind", C.c_int32), ("nesterov", C.c_int32), ("learning_rate", C.c_double),
                ("momentum", C.c_double), ("beta_1", C.c_double), ("beta_2", C.c_double), ("rho", C.c_double),
                ("epsilon", C.c_double), ("centered", C.c_int32), ("reserved", C.c_int32), ("apply", APPLY),
                ("user_data", C.c_void_p), ("destroy", C.c_void_p)]

    def __init__(self, kind="adam", learning_rate=0.001, momentum=0.0, nesterov=False, beta_1=0.9, beta_2=0.999, rho=0.9,
                 epsilon=1e-7, centered=False):
        super().__init__(kind=4 if callable(kind) else OPTIMIZERS[kind], learning_rate=learning_rate, momentum=momentum,
                         nesterov=nesterov, beta_1=beta_1, beta_2=beta_2, rho=rho, epsilon=epsilon, centered=centered)
        if callable(kind):
            import numpy as np

            def step(_, number, variable, count, gradient, values, error):
                try:
                    kind(number, variable, np.ctypeslib.as_array(gradient, (count,)), np.ctypeslib.as_array(values, (count,)))
                    return 0
                except Exception:
                    return -14
            self.apply = APPLY(step)


class Loss(Options):
    """kind: a name of LOSSES, or a function(y_true, y_pred) that gives the loss and its gradient by y_pred."""
    _fields_ = [("struct_size", C.c_size_t), ("kind", C.c_int32), ("reserved", C.c_int32), ("delta", C.c_double),
                ("evaluate", EVALUATE), ("user_data", C.c_void_p), ("destroy", C.c_void_p)]

    def __init__(self, kind="mse", delta=1.0):
        super().__init__(kind=4 if callable(kind) else LOSSES[kind], delta=delta)
        if callable(kind):
            import numpy as np

            def evaluate(_, y_true, y_pred, out, gradient, error):
                try:
                    q = tensor_array(y_pred)
                    out[0], g = kind(tensor_array(y_true), q)
                    np.ctypeslib.as_array(gradient, q.shape)[...] = g
                    return 0
                except Exception:
                    return -14
            self.evaluate = EVALUATE(evaluate)


class AdaroundOptions(Options):
    _fields_ = [("struct_size", C.c_size_t), ("optimizer", C.POINTER(Optimizer)), ("loss", C.POINTER(Loss)),
                ("epochs", C.c_int64), ("batch_size", C.c_int64), ("keep_partial_batch", C.c_int32),
                ("include_activation", C.c_int32), ("no_gram", C.c_int32), ("reserved", C.c_int32),
                ("layer_done", LAYER_DONE), ("user_data", C.c_void_p), ("destroy", C.c_void_p)]


class Error(Exception):
    """What the library's error object says. Also an instance of the Python class that the reference raises."""

    def __init__(self, code, text, rule, layer):
        super().__init__(text)
        self.code, self.rule, self.layer = code, rule, layer


_error_classes = {c: type("Error", (Error, p), {}) for c, p in STATUS.items()}
_error_classes[-6] = type("Error", (Error, RuntimeError), {})


def _open():
    name = os.environ.get("LIBCNN2SNN", "libcnn2snn.so.0.1")
    lib = C.CDLL(name)
    P, pP, S, Z = C.c_void_p, C.POINTER(C.c_void_p), C.c_char_p, C.c_size_t
    signatures = {
        "context_create": (C.c_int32, C.c_uint32, P, pP, pP), "context_destroy": (None, P),
        "version_string": (S,),
        "error_get_code": (C.c_int32, P), "error_get_text": (S, P), "error_get_rule": (S, P), "error_get_layer": (S, P),
        "error_get_report": (P, P), "error_destroy": (None, P), "error_create": (C.c_int32, P, C.c_int32, S, pP),
        "report_add": (C.c_int32, P, C.c_int32, C.c_int32, S, S, S, S, pP),
        "supported_ops": (C.c_int32, P, C.c_int32, C.c_int32, pP, pP),
        "report_print": (C.c_int32, P, C.c_int32, pP, pP), "report_destroy": (None, P),
        "buffer_get_data": (P, P), "buffer_get_size": (Z, P), "buffer_destroy": (None, P),
        "tensor_create": (C.c_int32, P, C.c_int32, Z, P, pP, pP), "tensor_destroy": (None, P),
        "tensor_get_dtype": (C.c_int32, P), "tensor_get_rank": (Z, P), "tensor_get_shape": (C.POINTER(C.c_int64), P),
        "tensor_get_size": (Z, P), "tensor_get_data": (P, P), "tensor_get_writable_data": (P, P),
        "model_load": (C.c_int32, P, S, P, pP, pP), "model_save": (C.c_int32, P, S, pP), "model_destroy": (None, P),
        "model_create_from_json": (C.c_int32, P, S, Z, P, pP, pP), "model_load_weights": (C.c_int32, P, S, pP, pP),
        "model_get_name": (S, P), "model_get_layer_count": (Z, P), "model_get_layer": (P, P, C.c_int64),
        "model_find_layer": (P, P, S), "model_summary": (C.c_int32, P, C.c_int32, pP, pP),
        "model_get_config": (C.c_int32, P, pP, pP), "model_get_output_count": (Z, P),
        "model_create_sequential": (C.c_int32, P, S, Z, P, Z, P, pP, pP),
        "model_set_weight": (C.c_int32, P, S, Z, P, pP),
        "model_predict": (C.c_int32, P, Z, pP, P, Z, pP, pP),
        "layer_create": (C.c_int32, P, S, S, P, pP, pP), "layer_destroy": (None, P), "layer_get_name": (S, P),
        "layer_get_class_name": (S, P), "layer_get_config": (C.c_int32, P, pP, pP), "layer_get_weight_count": (Z, P),
        "layer_get_weight": (P, P, Z), "layer_get_bitwidth": (C.c_int32, P), "layer_get_step": (C.c_float, P),
        "layer_get_threshold": (C.c_float, P), "layer_call": (C.c_int32, P, Z, pP, pP, pP),
        "layer_build": (C.c_int32, P, Z, P, pP), "layer_set_weight": (C.c_int32, P, Z, P, pP),
        "layer_quantized_activation": (C.c_int32, P, P, pP, pP),
        "quantizer_create": (C.c_int32, P, C.c_int32, C.c_double, C.c_double, pP, pP),
        "quantizer_create_from_config": (C.c_int32, P, S, P, pP, pP), "quantizer_retain": (P, P),
        "quantizer_destroy": (None, P), "quantizer_get_class_name": (S, P), "quantizer_get_bitwidth": (C.c_int32, P),
        "quantizer_get_config": (C.c_int32, P, pP, pP), "quantizer_scale_factor": (C.c_int32, P, P, pP, pP),
        "quantizer_quantize": (C.c_int32, P, P, pP, pP),
        "custom_objects_create": (C.c_int32, P, pP, pP), "custom_objects_destroy": (None, P),
        "custom_objects_add_quantizer": (C.c_int32, P, S, P, pP), "custom_objects_add_activation": (C.c_int32, P, S, P, pP),
        "model_quantize": (C.c_int32, P, P, pP, pP),
        "model_quantize_layer": (C.c_int32, P, C.c_int64, C.c_int32, QUANTIZER_FN, P, pP, pP),
        "model_quantize_named_layer": (C.c_int32, P, S, C.c_int32, QUANTIZER_FN, P, pP, pP),
        "check_model_compatibility": (C.c_int32, P, P, P, pP, pP),
        "convert": (C.c_int32, P, P, pP, pP, pP), "convert_to_file": (C.c_int32, P, P, S, pP, pP, pP),
        "model_reshape": (C.c_int32, P, C.c_int64, C.c_int64, pP, pP),
        "akida_model_load": (C.c_int32, P, S, pP, pP), "akida_model_save": (C.c_int32, P, S, P, pP),
        "akida_model_get_version": (S, P), "akida_model_destroy": (None, P), "akida_model_summary": (C.c_int32, P, C.c_int32, pP, pP),
        "akida_model_fix_v1_activation_variables": (C.c_int32, P, pP, pP),
    }
    signatures.update({
        "simulator_create": (C.c_int32, P, P, pP, pP), "simulator_destroy": (None, P), "simulator_reset": (None, P),
        "simulator_get_input_shape": (C.c_int32, P, P), "simulator_get_input_dtype": (C.c_int32, P),
        "simulator_accepts_float32": (C.c_int32, P), "simulator_get_output_shape": (C.c_int32, P, P),
        "simulator_get_output_dtype": (C.c_int32, P), "simulator_get_memory": (C.c_int32, P, P, Z),
        "simulator_forward_into": (C.c_int32, P, P, LAYER_OUTPUT, P, P, pP),
        "simulator_predict_into": (C.c_int32, P, P, P, pP),
    })
    signatures["model_mend"] = (C.c_int32, P, pP, pP, pP)
    signatures["akida_model_diff"] = (C.c_int32, P, P, C.c_int32, C.POINTER(C.c_int32), pP, pP)
    signatures.update({
        "samples_create": (C.c_int32, P, pP, pP), "samples_open": (C.c_int32, P, S, pP, pP), "samples_destroy": (None, P),
        "samples_get_count": (C.c_int64, P), "samples_read": (C.c_int32, P, C.c_int64, C.c_int64, pP, pP),
        "sampler_create": (C.c_int32, P, P, P, pP, pP), "sampler_destroy": (None, P),
        "sampler_get_batch_count": (C.c_int64, P), "sampler_select_layer": (C.c_int32, P, S, C.c_int32, pP),
        "sampler_quantized_outputs": (C.c_int32, P, C.c_int64, pP, pP),
        "sampler_float_outputs": (C.c_int32, P, C.c_int64, pP, pP),
        "sampler_set_weight": (C.c_int32, P, Z, P, pP), "sampler_get_model": (C.c_int32, P, pP, pP),
        "sampler_quantization_error": (C.c_int32, P, C.c_int32, C.POINTER(C.c_double), pP),
        "sampler_quantization_error_by": (C.c_int32, P, P, C.POINTER(C.c_double), pP),
        "model_get_input_shape": (C.c_int32, P, Z, Z, P, C.POINTER(Z), pP),
        "model_next_activation": (C.c_int32, P, S, pP, pP),
        "model_bias_correction": (C.c_int32, P, P, P, pP, pP), "model_adaround": (C.c_int32, P, P, P, pP, pP),
    })
    signatures.update({
        "model_is_compiled": (C.c_int32, P), "model_get_training": (C.c_int32, P, pP, pP), "training_destroy": (None, P),
        "training_get_loss_name": (S, P, Z), "training_get_loss_config": (C.c_int32, P, Z, pP, pP),
        "training_get_loss_weight": (C.c_double, P, Z), "training_get_metric_count": (Z, P, Z, C.c_int32),
        "training_get_metric_name": (S, P, Z, C.c_int32, Z),
        "training_get_metric_config": (C.c_int32, P, Z, C.c_int32, Z, pP, pP),
        "training_get_optimizer_name": (S, P), "training_get_optimizer_config": (C.c_int32, P, pP, pP),
        "training_get_hyperparameter": (C.c_int32, P, S, C.POINTER(C.c_double), pP),
        "training_get_iterations": (C.c_int64, P), "training_get_optimizer_weight_count": (Z, P),
        "training_get_optimizer_weight_name": (S, P, Z), "training_get_optimizer_weight": (P, P, Z),
    })
    signatures["model_normalize_separable_layer"] = (C.c_int32, P, S, pP)
    signatures["model_activations_rescaling"] = (C.c_int32, P, P, C.c_int64, pP, pP)
    for t in ("sequentialize", "syncretize", "prepare_to_convert", "invert_batchnorm_pooling", "fold_batchnorm",
              "cross_layer_scaling", "normalize_separable"):
        signatures["model_" + t] = (C.c_int32, P, pP, pP)
    for n, (result, *arguments) in signatures.items():
        f = getattr(lib, "cnn2snn_" + n)
        f.restype, f.argtypes = result, arguments
    return lib


lib = _open()


def raise_error(status, error):
    e = error.value
    text = lib.cnn2snn_error_get_text(e).decode() if e else "status %d" % status
    rule = lib.cnn2snn_error_get_rule(e).decode() if e else ""
    layer = lib.cnn2snn_error_get_layer(e).decode() if e else ""
    lib.cnn2snn_error_destroy(e)
    raise _error_classes.get(status, Error)(status, text, rule, layer)


def call(name, *arguments):
    error = C.c_void_p()
    status = getattr(lib, "cnn2snn_" + name)(*arguments, C.byref(error))
    if status:
        raise_error(status, error)


def made(name, *arguments):
    """Calls a function whose last argument before the error is a handle to be set; gives the handle."""
    out = C.c_void_p()
    call(name, *arguments, C.byref(out))
    return out


def buffer_bytes(handle):
    data = C.string_at(lib.cnn2snn_buffer_get_data(handle), lib.cnn2snn_buffer_get_size(handle))
    lib.cnn2snn_buffer_destroy(handle)
    return data


def tensor_array(handle):
    """A numpy copy of a tensor, borrowed or owned."""
    import numpy as np
    shape = lib.cnn2snn_tensor_get_shape(handle)[:lib.cnn2snn_tensor_get_rank(handle)]
    data = C.string_at(lib.cnn2snn_tensor_get_data(handle), lib.cnn2snn_tensor_get_size(handle))
    return np.frombuffer(data, DTYPES[lib.cnn2snn_tensor_get_dtype(handle)]).reshape(shape).copy()
