// SPDX-License-Identifier: Apache-2.0
//! The library from Rust without any crate: load, quantize with a quantizer callback, convert, save, read an error.
//!
//!   main MODEL.h5 FOLDER

use std::ffi::{c_void, CStr, CString};
use std::os::raw::c_char;
use std::ptr::{null, null_mut};

type Status = i32;

#[repr(C)]
struct Opaque {
    _private: [u8; 0],
}
type Handle = *mut Opaque;

const ABI_VERSION: u32 = 0x000100;
const E_VALUE: Status = -8;
const E_TYPE: Status = -9;
const MAX_QUANTIZER: i32 = 1;

type QuantizerFn = extern "C" fn(*mut c_void, *const Opaque, Handle, *mut Handle, *mut Handle) -> Status;
type DestroyFn = extern "C" fn(*mut c_void);

#[repr(C)]
struct QuantizeOptions {
    struct_size: usize,
    weight_quantization: i32,
    activ_quantization: i32,
    input_weight_quantization: i32,
    skip_fold_batchnorm: i32,
    quantizer_function: Option<QuantizerFn>,
    user_data: *mut c_void,
    destroy_user_data: Option<DestroyFn>,
}

extern "C" {
    fn cnn2snn_abi_version() -> u32;
    fn cnn2snn_context_create(abi: u32, options: *const c_void, out: *mut Handle, error: *mut Handle) -> Status;
    fn cnn2snn_context_destroy(context: Handle);
    fn cnn2snn_error_create(context: Handle, code: Status, message: *const c_char, error: *mut Handle) -> Status;
    fn cnn2snn_error_get_code(error: Handle) -> Status;
    fn cnn2snn_error_get_text(error: Handle) -> *const c_char;
    fn cnn2snn_error_get_rule(error: Handle) -> *const c_char;
    fn cnn2snn_error_get_layer(error: Handle) -> *const c_char;
    fn cnn2snn_error_get_report(error: Handle) -> *const Opaque;
    fn cnn2snn_error_destroy(error: Handle);
    fn cnn2snn_report_get_count(report: *const Opaque) -> usize;
    fn cnn2snn_report_get_message(report: *const Opaque, index: usize) -> *const c_char;
    fn cnn2snn_model_load(c: Handle, path: *const c_char, o: *const c_void, out: *mut Handle, e: *mut Handle) -> Status;
    fn cnn2snn_model_save(model: Handle, path: *const c_char, error: *mut Handle) -> Status;
    fn cnn2snn_model_destroy(model: Handle);
    fn cnn2snn_model_quantize(model: Handle, o: *const QuantizeOptions, out: *mut Handle, e: *mut Handle) -> Status;
    fn cnn2snn_layer_get_name(layer: *const Opaque) -> *const c_char;
    fn cnn2snn_layer_get_weight_count(layer: *const Opaque) -> usize;
    fn cnn2snn_quantizer_create(c: Handle, kind: i32, bits: f64, th: f64, out: *mut Handle, e: *mut Handle) -> Status;
    fn cnn2snn_quantizer_get_bitwidth(quantizer: Handle) -> i32;
    fn cnn2snn_quantizer_retain(quantizer: Handle) -> Handle;
    fn cnn2snn_convert_to_file(
        model: Handle, options: *const c_void, path: *const c_char, out: *mut Handle, report: *mut Handle,
        error: *mut Handle,
    ) -> Status;
    fn cnn2snn_akida_model_load(c: Handle, path: *const c_char, out: *mut Handle, error: *mut Handle) -> Status;
    fn cnn2snn_akida_model_get_layer_count(model: Handle) -> usize;
    fn cnn2snn_akida_model_destroy(model: Handle);
}

/// An error object, read and given back.
struct Fault {
    code: Status,
    text: String,
    rule: String,
    layer: String,
    faults: Vec<String>,
}

fn text(pointer: *const c_char) -> String {
    assert!(!pointer.is_null());
    unsafe { CStr::from_ptr(pointer) }.to_string_lossy().into_owned()
}

fn check(status: Status, error: Handle) -> Result<(), Fault> {
    if status == 0 {
        assert!(error.is_null(), "an error object in spite of success");
        return Ok(());
    }
    assert!(!error.is_null(), "no error object for status {}", status);
    unsafe {
        let report = cnn2snn_error_get_report(error);
        let count = if report.is_null() { 0 } else { cnn2snn_report_get_count(report) };
        let fault = Fault {
            code: cnn2snn_error_get_code(error),
            text: text(cnn2snn_error_get_text(error)),
            rule: text(cnn2snn_error_get_rule(error)),
            layer: text(cnn2snn_error_get_layer(error)),
            faults: (0..count).map(|i| text(cnn2snn_report_get_message(report, i))).collect(),
        };
        cnn2snn_error_destroy(error);
        assert_eq!(fault.code, status);
        Err(fault)
    }
}

/// What the callback sees and how it answers.
struct Chooser {
    context: Handle,
    asked: Vec<String>,
    refuse: bool,
    destroyed: u32,
}

extern "C" fn choose(
    user: *mut c_void, layer: *const Opaque, default: Handle, out: *mut Handle, error: *mut Handle,
) -> Status {
    let chooser = unsafe { &mut *(user as *mut Chooser) };
    unsafe {
        chooser.asked.push(text(cnn2snn_layer_get_name(layer)));
        assert!(cnn2snn_layer_get_weight_count(layer) > 0);
        if chooser.refuse {
            let message = CString::new("Rust says no").unwrap();
            return cnn2snn_error_create(chooser.context, E_VALUE, message.as_ptr(), error);
        }
        if chooser.asked.len() > 1 {
            *out = cnn2snn_quantizer_retain(default);
            return 0;
        }
        let bits = f64::from(cnn2snn_quantizer_get_bitwidth(default));
        cnn2snn_quantizer_create(chooser.context, MAX_QUANTIZER, bits, 3.0, out, error)
    }
}

extern "C" fn destroyed(user: *mut c_void) {
    unsafe { (*(user as *mut Chooser)).destroyed += 1 };
}

fn quantize(model: Handle, chooser: &mut Chooser) -> Result<Handle, Fault> {
    let options = QuantizeOptions {
        struct_size: std::mem::size_of::<QuantizeOptions>(),
        weight_quantization: 4,
        activ_quantization: 4,
        input_weight_quantization: 8,
        skip_fold_batchnorm: 0,
        quantizer_function: Some(choose),
        user_data: chooser as *mut Chooser as *mut c_void,
        destroy_user_data: Some(destroyed),
    };
    let (mut out, mut error) = (null_mut(), null_mut());
    check(unsafe { cnn2snn_model_quantize(model, &options, &mut out, &mut error) }, error).map(|_| out)
}

fn load(context: Handle, path: &str) -> Result<Handle, Fault> {
    let path = CString::new(path).unwrap();
    let (mut out, mut error) = (null_mut(), null_mut());
    check(unsafe { cnn2snn_model_load(context, path.as_ptr(), null(), &mut out, &mut error) }, error).map(|_| out)
}

fn save(model: Handle, path: &str) -> Result<(), Fault> {
    let path = CString::new(path).unwrap();
    let mut error = null_mut();
    check(unsafe { cnn2snn_model_save(model, path.as_ptr(), &mut error) }, error)
}

fn convert(model: Handle, path: &str) -> Result<(), Fault> {
    let path = CString::new(path).unwrap();
    let mut error = null_mut();
    let status =
        unsafe { cnn2snn_convert_to_file(model, null(), path.as_ptr(), null_mut(), null_mut(), &mut error) };
    check(status, error)
}

fn count_layers(context: Handle, path: &str) -> Result<usize, Fault> {
    let path = CString::new(path).unwrap();
    let (mut model, mut error) = (null_mut(), null_mut());
    check(unsafe { cnn2snn_akida_model_load(context, path.as_ptr(), &mut model, &mut error) }, error)?;
    let count = unsafe { cnn2snn_akida_model_get_layer_count(model) };
    unsafe { cnn2snn_akida_model_destroy(model) };
    Ok(count)
}

fn main_job(context: Handle, model: Handle, folder: &str) -> Result<(), Fault> {
    let mut chooser = Chooser { context, asked: vec![], refuse: false, destroyed: 0 };
    let quantized = quantize(model, &mut chooser)?;
    assert!(chooser.asked.len() > 1 && chooser.destroyed == 1);
    let (h5, fbz) = (format!("{}/rust.h5", folder), format!("{}/rust.fbz", folder));
    save(quantized, &h5)?;
    let again = load(context, &h5)?;
    convert(again, &fbz)?;
    println!("asked for {:?}, {} Akida layers", chooser.asked, count_layers(context, &fbz)?);
    unsafe {
        cnn2snn_model_destroy(again);
        cnn2snn_model_destroy(quantized);
    }
    Ok(())
}

fn errors(context: Handle, model: Handle, folder: &str) {
    let fault = convert(model, &format!("{}/float.fbz", folder)).err().expect("a float model doesn't convert");
    println!("{} ({} faults)", fault.text, fault.faults.len());
    assert_eq!(fault.code, E_TYPE);
    assert!(!fault.rule.is_empty() && fault.text.contains(&fault.layer) && !fault.faults.is_empty());
    assert!(!std::path::Path::new(&format!("{}/float.fbz", folder)).exists());
    let fault = load(context, "absent.h5").err().expect("there is no such file");
    assert!(fault.text.contains("absent.h5"));
    let mut chooser = Chooser { context, asked: vec![], refuse: true, destroyed: 0 };
    let fault = quantize(model, &mut chooser).err().expect("the callback refuses");
    assert!(fault.code == E_VALUE && fault.text.contains("Rust says no") && chooser.destroyed == 1);
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let (mut context, mut error) = (null_mut(), null_mut());
    assert_eq!(unsafe { cnn2snn_abi_version() }, ABI_VERSION);
    let made = check(unsafe { cnn2snn_context_create(ABI_VERSION, null(), &mut context, &mut error) }, error);
    assert!(made.is_ok());
    let model = load(context, &arguments[1]).unwrap_or_else(|f| panic!("{}", f.text));
    main_job(context, model, &arguments[2]).unwrap_or_else(|f| panic!("{}", f.text));
    errors(context, model, &arguments[2]);
    unsafe {
        cnn2snn_model_destroy(model);
        cnn2snn_context_destroy(context);
    }
}
