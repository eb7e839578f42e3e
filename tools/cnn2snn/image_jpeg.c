/* SPDX-License-Identifier: Apache-2.0 */
/* JPEG files by libjpeg: gray or RGB. What is cut off is an error, not gray. */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>

#include <jerror.h>

#include "image.h"

/* A block of 64 pixels, of which a sampling factor of 4 by 4 makes 16, takes a bit at least. */
enum { MAX_SCANS = 200, MAX_MEMORY = 1 << 29, LARGEST_RATIO = 64 * 16 * 8 };

struct reading {
    struct jpeg_error_mgr errors; /* first: libjpeg hands its address back */
    struct jpeg_progress_mgr progress;
    jmp_buf end;
    char *message;
};

static void fail(j_common_ptr info)
{
    struct reading *reading = (struct reading *)info->err;
    char text[JMSG_LENGTH_MAX];
    info->err->format_message(info, text);
    snprintf(reading->message, IMAGE_MESSAGE_SIZE, "%s", text);
    longjmp(reading->end, 1);
}

static void warn(j_common_ptr info, int level)
{
    if (level < 0 && (info->err->msg_code == JWRN_JPEG_EOF || info->err->msg_code == JWRN_HIT_MARKER))
        fail(info);
}

/* Many scans, each over the whole image, take very long. */
static void count_scans(j_common_ptr info)
{
    struct reading *reading = (struct reading *)info->err;
    if (!info->is_decompressor || ((j_decompress_ptr)info)->input_scan_number <= MAX_SCANS)
        return;
    snprintf(reading->message, IMAGE_MESSAGE_SIZE, "more than %d scans", MAX_SCANS);
    longjmp(reading->end, 1);
}

static void set_form(j_decompress_ptr info, const struct image_form *form)
{
    int luma = info->jpeg_color_space == JCS_GRAYSCALE || info->jpeg_color_space == JCS_YCbCr;
    info->out_color_space = form->channels == 1 && luma ? JCS_GRAYSCALE : JCS_RGB;
    info->dct_method = JDCT_ISLOW;
}

static int read_guarded(struct reading *reading, j_decompress_ptr info, FILE *file, const struct image_form *form,
                        struct image *out)
{
    uint64_t size = image_file_size(file);
    if (setjmp(reading->end))
        return 0;
    jpeg_create_decompress(info);
    info->progress = &reading->progress;
    info->mem->max_memory_to_use = MAX_MEMORY;
    jpeg_stdio_src(info, file);
    jpeg_read_header(info, TRUE);
    out->rows = info->image_height;
    out->columns = info->image_width;
    if (!image_admit(form, out->rows, out->columns, reading->message))
        return 0;
    if (!image_is_plausible(size, (uint64_t)out->rows * out->columns, LARGEST_RATIO, reading->message))
        return 0;
    set_form(info, form);
    jpeg_start_decompress(info);
    out->channels = info->output_components;
    out->pixels = malloc((size_t)out->rows * out->columns * (size_t)out->channels);
    while (out->pixels && info->output_scanline < info->output_height) {
        JSAMPROW row = out->pixels + (size_t)info->output_scanline * out->columns * (size_t)out->channels;
        jpeg_read_scanlines(info, &row, 1);
    }
    if (out->pixels)
        jpeg_finish_decompress(info);
    return out->pixels != NULL;
}

int image_read_jpeg(FILE *file, const struct image_form *form, struct image *out, char *message)
{
    struct reading reading = {.message = message, .progress.progress_monitor = count_scans};
    struct jpeg_decompress_struct info = {0};
    *out = (struct image){0};
    *message = '\0';
    info.err = jpeg_std_error(&reading.errors);
    reading.errors.error_exit = fail;
    reading.errors.emit_message = warn;
    int done = read_guarded(&reading, &info, file, form, out);
    jpeg_destroy_decompress(&info);
    if (done)
        return 1;
    free(out->pixels);
    out->pixels = NULL;
    if (!*message)
        snprintf(message, IMAGE_MESSAGE_SIZE, "out of memory");
    return 0;
}
