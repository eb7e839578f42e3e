# SPDX-License-Identifier: Apache-2.0
"""libcnn2snn from Python: ctypes over the shared library, no build step; numpy is used where it is installed.

    import libcnn2snn as c2s
    model = c2s.Context().load("model.h5")
    quantized = model.quantize(4, 4, 8)
    quantized.convert("model.fbz", input_scaling=(255, 0))

The library is looked for in the environment variable LIBCNN2SNN, then by the system's loader.
"""
import ctypes as C
import json
import os

from ._library import (  # noqa: F401
    ABI_VERSION, APPLY, ActivationClass, AdaroundOptions, AkidaSaveOptions, BiasCorrectionOptions, CalibratedLayer,
    CheckOptions, ContextOptions, ConvertOptions, DESTROY, DTYPES, EVALUATE, Error, HARDWARE_MAPPER, LAYER_DONE,
    LAYER_INTEGERS, LAYER_OUTPUT, LOG, LOSSES, LoadOptions, Loss, MAX_RANK, METRICS, METRIC_RESET, METRIC_RESULT,
    METRIC_UPDATE, Metric, OPTIMIZERS, Optimizer, Options, PredictOptions, QUANTIZER_FN, QuantizeOptions, QuantizerClass,
    SCALE_FACTOR, STATUS, STEP, SamplerOptions, SimulatorMemory, SimulatorOptions, buffer_bytes, call, lib, made, raise_error, tensor_array)
from ._library import _error_classes


class Handle:
    _destroy = None

    def __init__(self, context, handle):
        self.context, self.handle = context, handle

    def __del__(self):
        if self.handle and lib:
            getattr(lib, self._destroy)(self.handle)
            self.handle = None


class Tensor(Handle):
    _destroy = "cnn2snn_tensor_destroy"

    @classmethod
    def of(cls, context, array):
        import numpy as np
        a = np.ascontiguousarray(array)
        shape = (C.c_int64 * max(1, a.ndim))(*a.shape)
        handle = made("tensor_create", context.handle, DTYPES.index(a.dtype.name), np.ndim(array), shape)
        C.memmove(lib.cnn2snn_tensor_get_writable_data(handle), a.ctypes.data, a.nbytes)
        return cls(context, handle)

    def array(self):
        return tensor_array(self.handle)


class Quantizer(Handle):
    _destroy = "cnn2snn_quantizer_destroy"

    @property
    def class_name(self):
        return lib.cnn2snn_quantizer_get_class_name(self.handle).decode()

    @property
    def bitwidth(self):
        return lib.cnn2snn_quantizer_get_bitwidth(self.handle)

    def config(self):
        return json.loads(buffer_bytes(made("quantizer_get_config", self.handle)))

    def _on(self, name, weights):
        t = Tensor.of(self.context, weights)
        return Tensor(self.context, made(name, self.handle, t.handle)).array()

    def scale_factor(self, weights):
        return self._on("quantizer_scale_factor", weights)

    def quantize(self, weights):
        return self._on("quantizer_quantize", weights)


class CustomObjects(Handle):
    _destroy = "cnn2snn_custom_objects_destroy"

    def __init__(self, context):
        super().__init__(context, made("custom_objects_create", context.handle))
        self.keep = []

    def add_quantizer(self, name, scale_factor):
        """scale_factor(config, bitwidth, weights) -> number or vector, as numpy."""
        @SCALE_FACTOR
        def thunk(_, context, config, bitwidth, weights, out, error):
            try:
                r = Tensor.of(self.context, scale_factor(json.loads(config), bitwidth, tensor_array(weights)).astype("float32"))
                out[0], r.handle = r.handle.value, None
                return 0
            except Exception as e:
                return lib.cnn2snn_error_create(context, -8, str(e).encode(), error)
        c = QuantizerClass(scale_factor=thunk)
        self.keep += [thunk, c]
        call("custom_objects_add_quantizer", self.handle, name.encode(), C.byref(c))

    def add_activation(self, name, step):
        """step(config, bitwidth) -> number."""
        @STEP
        def thunk(_, context, config, bitwidth, out, error):
            try:
                out[0] = step(json.loads(config), bitwidth)
                return 0
            except Exception as e:
                return lib.cnn2snn_error_create(context, -8, str(e).encode(), error)
        c = ActivationClass(step=thunk)
        self.keep += [thunk, c]
        call("custom_objects_add_activation", self.handle, name.encode(), C.byref(c))


class Layer(Handle):
    """A layer of its own, or (parent given) one borrowed from a model."""
    _destroy = "cnn2snn_layer_destroy"

    def __init__(self, context, handle, parent=None):
        super().__init__(context, handle)
        self.parent = parent

    def __del__(self):
        if self.parent is None:
            super().__del__()

    @property
    def name(self):
        return lib.cnn2snn_layer_get_name(self.handle).decode()

    @property
    def class_name(self):
        return lib.cnn2snn_layer_get_class_name(self.handle).decode()

    bitwidth = property(lambda self: lib.cnn2snn_layer_get_bitwidth(self.handle))
    step = property(lambda self: lib.cnn2snn_layer_get_step(self.handle))
    threshold = property(lambda self: lib.cnn2snn_layer_get_threshold(self.handle))

    def config(self):
        return json.loads(buffer_bytes(made("layer_get_config", self.handle)))

    def weights(self):
        n = lib.cnn2snn_layer_get_weight_count(self.handle)
        return [tensor_array(lib.cnn2snn_layer_get_weight(self.handle, i)) for i in range(n)]

    def build(self, *shape):
        call("layer_build", self.handle, len(shape), (C.c_int64 * max(1, len(shape)))(*shape))

    def set_weights(self, weights):
        for i, w in enumerate(weights):
            t = Tensor.of(self.context, w)
            call("layer_set_weight", self.handle, i, t.handle)

    def __call__(self, *inputs):
        ts = [Tensor.of(self.context, x) for x in inputs]
        handles = (C.c_void_p * len(ts))(*[t.handle for t in ts])
        return Tensor(self.context, made("layer_call", self.handle, len(ts), handles)).array()

    def quantized_activation(self, values):
        t = Tensor.of(self.context, values)
        return Tensor(self.context, made("layer_quantized_activation", self.handle, t.handle)).array()


class AkidaModel(Handle):
    _destroy = "cnn2snn_akida_model_destroy"
    version = property(lambda self: lib.cnn2snn_akida_model_get_version(self.handle).decode(), doc="That of the file, or \"\".")

    def save(self, path, version=None, akida_release=None):
        o = AkidaSaveOptions(version=version.encode() if version else None,
                             akida_release=akida_release.encode() if akida_release else None)
        call("akida_model_save", self.handle, os.fsencode(path), C.byref(o))

    def summary(self):
        return json.loads(buffer_bytes(made("akida_model_summary", self.handle, 1)))

    def diff(self, other):
        """How another model differs: a list, empty where it doesn't."""
        equal = C.c_int32()
        return json.loads(buffer_bytes(made("akida_model_diff", self.handle, other.handle, 1, C.byref(equal))))["differences"]

    def simulator(self, threads=0):
        """Runs the model on integers; made once, run often."""
        return Simulator(self.context, made("simulator_create", self.handle, C.byref(SimulatorOptions(threads=threads))))

    def fix_v1_activation_variables(self):
        return AkidaModel(self.context, made("akida_model_fix_v1_activation_variables", self.handle))


class Simulator(Handle):
    """An Akida model that runs. Belongs to one thread at a time; samples of models with a state follow each other in time."""
    _destroy = "cnn2snn_simulator_destroy"
    input_dtype = property(lambda self: DTYPES[lib.cnn2snn_simulator_get_input_dtype(self.handle)])
    output_dtype = property(lambda self: DTYPES[lib.cnn2snn_simulator_get_output_dtype(self.handle)])
    accepts_float32 = property(lambda self: bool(lib.cnn2snn_simulator_accepts_float32(self.handle)))
    input_shape = property(lambda self: self._shape(lib.cnn2snn_simulator_get_input_shape))
    output_shape = property(lambda self: self._shape(lib.cnn2snn_simulator_get_output_shape))

    def _shape(self, get):
        shape = (C.c_int64 * 3)()
        get(self.handle, shape)
        return tuple(shape)

    def _output(self, samples, dtype):
        """A tensor for results, the same as long as their number and type stay."""
        if (samples, dtype) != getattr(self, "kept", (None,))[0]:
            shape = (C.c_int64 * 4)(samples, *self.output_shape)
            self.kept = (samples, dtype), Tensor(self.context, made("tensor_create", self.context.handle, DTYPES.index(dtype), 4, shape))
        return self.kept[1]

    def forward(self, inputs, layers=None):
        """The last layer's output; layers: a dict that gets those of all layers by name."""
        def keep(_, name, tensor, error):
            layers[name.decode()] = tensor_array(tensor)
            return 0
        x = Tensor.of(self.context, inputs)
        out = self._output(len(inputs), self.output_dtype)
        call("simulator_forward_into", self.handle, x.handle, LAYER_OUTPUT() if layers is None else LAYER_OUTPUT(keep), None, out.handle)
        return out.array()

    def predict(self, inputs):
        """Potentials as float32."""
        x, out = Tensor.of(self.context, inputs), self._output(len(inputs), "float32")
        call("simulator_predict_into", self.handle, x.handle, out.handle)
        return out.array()

    def reset(self):
        """Forgets the state of temporal layers."""
        lib.cnn2snn_simulator_reset(self.handle)

    def memory(self):
        """Bytes by use."""
        m = SimulatorMemory()
        lib.cnn2snn_simulator_get_memory(self.handle, C.byref(m), C.sizeof(m))
        return {name: getattr(m, name) for name, _ in m._fields_[1:]}


def _layer_done(function):
    return LAYER_DONE(lambda _, layer: function(CalibratedLayer.from_address(layer))) if function else LAYER_DONE()


def _text(value):
    return value.decode() if value is not None else None


class Training(Handle):
    """How a model was trained and where its optimizer stood; outputs are counted from 0."""
    _destroy = "cnn2snn_training_destroy"

    def loss(self, output=0):
        """A name, or {"class_name", "config"}; None."""
        config = buffer_bytes(made("training_get_loss_config", self.handle, output))
        return json.loads(config) if config else _text(lib.cnn2snn_training_get_loss_name(self.handle, output))

    def loss_weight(self, output=0):
        return lib.cnn2snn_training_get_loss_weight(self.handle, output)

    def metrics(self, output=0, weighted=False):
        """Their names."""
        n = lib.cnn2snn_training_get_metric_count(self.handle, output, weighted)
        return [_text(lib.cnn2snn_training_get_metric_name(self.handle, output, weighted, i)) for i in range(n)]

    def metric_config(self, index, output=0, weighted=False):
        return json.loads(buffer_bytes(made("training_get_metric_config", self.handle, output, weighted, index)) or "null")

    @property
    def optimizer(self):
        return _text(lib.cnn2snn_training_get_optimizer_name(self.handle))

    def optimizer_config(self):
        return json.loads(buffer_bytes(made("training_get_optimizer_config", self.handle)) or "null")

    def hyperparameter(self, name):
        value = C.c_double()
        call("training_get_hyperparameter", self.handle, name.encode(), C.byref(value))
        return value.value

    iterations = property(lambda self: lib.cnn2snn_training_get_iterations(self.handle))

    def optimizer_weights(self):
        """(name, array) of each."""
        n = lib.cnn2snn_training_get_optimizer_weight_count(self.handle)
        return [(_text(lib.cnn2snn_training_get_optimizer_weight_name(self.handle, i)),
                 tensor_array(lib.cnn2snn_training_get_optimizer_weight(self.handle, i))) for i in range(n)]


class Model(Handle):
    _destroy = "cnn2snn_model_destroy"

    @property
    def name(self):
        return lib.cnn2snn_model_get_name(self.handle).decode()

    @property
    def layers(self):
        n = lib.cnn2snn_model_get_layer_count(self.handle)
        return [Layer(self.context, lib.cnn2snn_model_get_layer(self.handle, i), self) for i in range(n)]

    def input_shape(self, index=0):
        """Without the batch; -1 for extents that are open."""
        shape, rank = (C.c_int64 * MAX_RANK)(), C.c_size_t()
        call("model_get_input_shape", self.handle, index, MAX_RANK, shape, C.byref(rank))
        return tuple(shape[:rank.value])

    def summary(self):
        return json.loads(buffer_bytes(made("model_summary", self.handle, 1)))

    def config(self):
        return json.loads(buffer_bytes(made("model_get_config", self.handle)))

    def save(self, path):
        call("model_save", self.handle, os.fsencode(path))

    compiled = property(lambda self: bool(lib.cnn2snn_model_is_compiled(self.handle)))

    def training(self):
        return Training(self.context, made("model_get_training", self.handle))

    def set_weight(self, layer_name, index, value):
        """Handles of the model's layers that were got before are not good any more."""
        t = Tensor.of(self.context, value)
        call("model_set_weight", self.handle, layer_name.encode(), index, t.handle)

    def load_weights(self, path):
        return Model(self.context, made("model_load_weights", self.handle, os.fsencode(path)))

    def predict(self, *inputs, batch_size=0, threads=0):
        ts = [Tensor.of(self.context, x) for x in inputs]
        handles = (C.c_void_p * len(ts))(*[t.handle for t in ts])
        n = lib.cnn2snn_model_get_output_count(self.handle)
        out = (C.c_void_p * n)()
        options = PredictOptions(batch_size=batch_size, threads=threads)
        call("model_predict", self.handle, len(ts), handles, C.byref(options), n, out)
        results = [Tensor(self.context, C.c_void_p(h)).array() for h in out]
        return results[0] if n == 1 else results

    def _quantizer_thunk(self, function):
        """function(layer, default_quantizer) -> Quantizer; None: the defaults."""
        if function is None:
            return QUANTIZER_FN()

        @QUANTIZER_FN
        def thunk(_, layer, default, out, error):
            try:
                d = Quantizer(self.context, C.c_void_p(lib.cnn2snn_quantizer_retain(default)))
                q = function(Layer(self.context, layer, self), d)
                out[0] = lib.cnn2snn_quantizer_retain(q.handle)
                return 0
            except Exception as e:
                return lib.cnn2snn_error_create(self.context.handle, -9, ("%s: %s" % (type(e).__name__, e)).encode(), error)
        return thunk

    def quantize(self, weight_quantization=0, activ_quantization=0, input_weight_quantization=-1, fold_BN=True,
                 quantizer_function=None):
        iq = -1 if input_weight_quantization is None else input_weight_quantization
        o = QuantizeOptions(weight_quantization=weight_quantization, activ_quantization=activ_quantization,
                            input_weight_quantization=iq, skip_fold_batchnorm=not fold_BN,
                            quantizer_function=self._quantizer_thunk(quantizer_function))
        return Model(self.context, made("model_quantize", self.handle, C.byref(o)))

    def quantize_layer(self, target, bitwidth, quantizer_function=None):
        """target: a layer of this model, its name, or its index."""
        f = self._quantizer_thunk(quantizer_function)
        if isinstance(target, Layer):
            if target.parent is not self:
                raise _error_classes[-8](-8, "%s: a layer of another model" % target.name, "L-028", target.name)
            target = target.name
        elif not isinstance(target, (int, str)):
            raise _error_classes[-8](-8, "target %r, expected a layer, its name or its index" % (target,), "L-028", "")
        if isinstance(target, int):
            return Model(self.context, made("model_quantize_layer", self.handle, target, bitwidth, f, None))
        return Model(self.context, made("model_quantize_named_layer", self.handle, target.encode(), bitwidth, f, None))

    def transform(self, name, *arguments):
        return Model(self.context, made("model_" + name, self.handle, *arguments))

    def mend(self):
        """Another form of what keeps the model from Akida 1.0, where the outputs stay."""
        model = C.c_void_p()
        call("model_mend", self.handle, C.byref(model), None)
        return Model(self.context, model)

    def normalize_separable_layer(self, name):
        """Changes this model."""
        call("model_normalize_separable_layer", self.handle, name.encode())

    def activations_rescaling(self, samples, batch_size=0):
        t = Tensor.of(self.context, samples)
        return Model(self.context, made("model_activations_rescaling", self.handle, t.handle, batch_size))

    def next_activation(self, layer_name):
        """The next QuantizedReLU behind a layer, or None."""
        handle = made("model_next_activation", self.handle, layer_name.encode())
        return Layer(self.context, handle.value, self) if handle.value else None

    def bias_correction(self, samples, batch_size=None, keep_partial_batch=False, layer_done=None):
        """layer_done(CalibratedLayer) is called for each layer."""
        x = Samples.of(self.context, samples)
        done = _layer_done(layer_done)
        o = BiasCorrectionOptions(batch_size=batch_size or 0, keep_partial_batch=keep_partial_batch, layer_done=done)
        return Model(self.context, made("model_bias_correction", self.handle, x.handle, C.byref(o)))

    def adaround(self, samples, optimizer=None, epochs=10, loss=None, batch_size=None, include_activation=False,
                 keep_partial_batch=False, no_gram=False, layer_done=None):
        """optimizer: an Optimizer (None: Adam of 0.01); loss: a Loss (None: mean squared error)."""
        x = Samples.of(self.context, samples)
        o = AdaroundOptions(optimizer=C.pointer(optimizer) if optimizer else None, loss=C.pointer(loss) if loss else None,
                            epochs=epochs, batch_size=batch_size or 0, keep_partial_batch=keep_partial_batch,
                            include_activation=include_activation, no_gram=no_gram, layer_done=_layer_done(layer_done))
        return Model(self.context, made("model_adaround", self.handle, x.handle, C.byref(o)))

    def _hardware_mapper(self, function):
        def add_faults(_, context, akida_model, report, error):
            lent = AkidaModel(self.context, akida_model)
            try:
                for rule, layer, message, remedy in function(lent):
                    texts = [t.encode() if t is not None else None for t in (rule, layer, message, remedy)]
                    status = lib.cnn2snn_report_add(report, 1, -6, *texts, error)
                    if status:
                        return status
            except Exception as e:  # must not pass through the library
                return lib.cnn2snn_error_create(context, -14, repr(e).encode(), error)
            finally:
                lent.handle = None
            return 0
        return add_faults

    def check(self, legacy=False, akida_version=0, input_dtype="uint8", hardware_mapper=None):
        """Whether the model suits Akida, with the report: {"faults": [...], "warnings": [...]}."""
        mapper = HARDWARE_MAPPER(self._hardware_mapper(hardware_mapper)) if hardware_mapper else HARDWARE_MAPPER()
        o = CheckOptions(flow=0 if legacy else 1, akida_version=akida_version, input_dtype=DTYPES.index(input_dtype),
                         hardware_mapper=mapper)
        compatible, report = C.c_int32(), C.c_void_p()
        call("check_model_compatibility", self.handle, C.byref(o), C.byref(compatible), C.byref(report))
        try:
            return bool(compatible.value), json.loads(buffer_bytes(made("report_print", report, 1)))
        finally:
            lib.cnn2snn_report_destroy(report)

    def convert(self, file_path=None, input_scaling=None, input_is_image=None, akida_version=0, akida_release=None,
                flatten_shifts=False, hardware_mapper=None, exact_scales=False):
        """hardware_mapper(akida_model) gives the faults that it finds: [(rule, layer, message, remedy), ...]."""
        mapper = HARDWARE_MAPPER(self._hardware_mapper(hardware_mapper)) if hardware_mapper else HARDWARE_MAPPER()
        o = ConvertOptions(input_scale=1.0, akida_version=akida_version, hardware_mapper=mapper,
                           akida_release=akida_release.encode() if akida_release else None,
                           flatten_shifts=bool(flatten_shifts), exact_scales=bool(exact_scales),
                           input_mode=0 if input_is_image is None else 1 if input_is_image else 2)
        if input_scaling is not None:
            o.has_input_scaling, (o.input_scale, o.input_shift) = 1, input_scaling
        model = C.c_void_p()
        where = [] if file_path is None else [os.fsencode(file_path)]
        call("convert" if file_path is None else "convert_to_file", self.handle, C.byref(o), *where, C.byref(model), None)
        return AkidaModel(self.context, model)


class Samples(Handle):
    """Samples of an array, or of an .npz or .npy file, which is read a few at a time."""
    _destroy = "cnn2snn_samples_destroy"

    @classmethod
    def of(cls, context, source):
        if isinstance(source, Samples):
            return source
        if isinstance(source, (str, os.PathLike)):
            return cls(context, made("samples_open", context.handle, os.fsencode(source)))
        t = Tensor.of(context, source)
        return cls(context, made("samples_create", t.handle))

    def __len__(self):
        return lib.cnn2snn_samples_get_count(self.handle)

    def read(self, first, count):
        return Tensor(self.context, made("samples_read", self.handle, first, count)).array()


class QuantizationSampler(Handle):
    """samples: an array, a path, or Samples; batch_size None: one batch of all."""
    _destroy = "cnn2snn_sampler_destroy"

    def __init__(self, model, samples, batch_size=None, keep_partial_batch=False):
        self.samples = Samples.of(model.context, samples)
        o = SamplerOptions(batch_size=batch_size or 0, keep_partial_batch=keep_partial_batch)
        self.handle = None
        super().__init__(model.context, made("sampler_create", model.handle, self.samples.handle, C.byref(o)))

    n_batches = property(lambda self: lib.cnn2snn_sampler_get_batch_count(self.handle))

    def select_layer(self, layer, include_activation=False):
        """layer: a Layer or a name."""
        name = layer.name if isinstance(layer, Layer) else layer
        call("sampler_select_layer", self.handle, name.encode(), include_activation)

    def quantized_outputs(self, batch_index=0):
        return Tensor(self.context, made("sampler_quantized_outputs", self.handle, batch_index)).array()

    def float_outputs(self, batch_index=0):
        return Tensor(self.context, made("sampler_float_outputs", self.handle, batch_index)).array()

    def set_weight(self, index, value):
        t = Tensor.of(self.context, value)
        call("sampler_set_weight", self.handle, index, t.handle)

    def model(self):
        return Model(self.context, made("sampler_get_model", self.handle))

    def quantization_error(self, metric="mse"):
        """metric: a name of METRICS, or an object with reset(), update(float_outputs, quantized_outputs), result()."""
        result = C.c_double()
        if isinstance(metric, str):
            call("sampler_quantization_error", self.handle, METRICS[metric], C.byref(result))
            return result.value

        def guarded(function):
            def thunk(_, *arguments):
                try:
                    function(*arguments[:-1])
                    return 0
                except Exception as e:
                    text = "%s: %s" % (type(e).__name__, e)
                    return lib.cnn2snn_error_create(self.context.handle, -8, text.encode(), arguments[-1])
            return thunk

        def give(out):
            out[0] = float(metric.result())
        m = Metric(reset=METRIC_RESET(guarded(metric.reset)), result=METRIC_RESULT(guarded(give)),
                   update=METRIC_UPDATE(guarded(lambda f, q: metric.update(tensor_array(f), tensor_array(q)))))
        call("sampler_quantization_error_by", self.handle, C.byref(m), C.byref(result))
        return result.value


class Context(Handle):
    _destroy = "cnn2snn_context_destroy"

    def __init__(self, log=None, **options):
        """log(level, text) gets the library's messages; options: fields of cnn2snn_context_options."""
        self.log = LOG(lambda _, level, text, size: log(level, text.decode("utf-8", "replace"))) if log else LOG()
        o = ContextOptions(log=self.log, **options)
        super().__init__(self, None)
        self.context = None
        self.handle = made("context_create", ABI_VERSION, C.byref(o))

    def load(self, path, custom_objects=None, allow_unknown_layers=False, compile_model=True):
        o = LoadOptions(custom_objects=custom_objects.handle if custom_objects else None,
                        allow_unknown_layers=allow_unknown_layers, without_training=not compile_model)
        return Model(self, made("model_load", self.handle, os.fsencode(path), C.byref(o)))

    def model_from_json(self, text):
        data = text.encode()
        return Model(self, made("model_create_from_json", self.handle, data, len(data), None))

    def supported_ops(self, akida_version=0):
        """Rows of layers that become one Akida layer; akida_version 0: of both versions."""
        return json.loads(buffer_bytes(made("supported_ops", self.handle, akida_version, 1)))["blocks"]

    def load_akida(self, path):
        return AkidaModel(self, made("akida_model_load", self.handle, os.fsencode(path)))

    def quantizer(self, kind, bitwidth=4, threshold=3.0):
        """kind: "MaxQuantizer", "MaxPerAxisQuantizer", "StdWeightQuantizer" or "StdPerAxisQuantizer"."""
        kinds = ["", "MaxQuantizer", "MaxPerAxisQuantizer", "StdWeightQuantizer", "StdPerAxisQuantizer"]
        return Quantizer(self, made("quantizer_create", self.handle, kinds.index(kind), bitwidth, threshold))

    def quantizer_from_config(self, config, custom_objects=None):
        return Quantizer(self, made("quantizer_create_from_config", self.handle, json.dumps(config).encode(),
                                    custom_objects.handle if custom_objects else None))

    def layer(self, class_name, custom_objects=None, **config):
        return Layer(self, made("layer_create", self.handle, class_name.encode(), json.dumps(config).encode(),
                                custom_objects.handle if custom_objects else None))

    def sequential(self, input_shape, layers, name=None):
        handles = (C.c_void_p * max(1, len(layers)))(*[layer.handle for layer in layers])
        return Model(self, made("model_create_sequential", self.handle, name.encode() if name else None, len(input_shape),
                                (C.c_int64 * max(1, len(input_shape)))(*input_shape), len(layers), handles))
