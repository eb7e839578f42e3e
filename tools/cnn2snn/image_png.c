/* SPDX-License-Identifier: Apache-2.0 */
/* PNG files by libpng: 8 bits, without alpha. Gamma and colour profiles are left aside, as image loaders do. */
#include <png.h>
#include <stdlib.h>
#include <string.h>

#include "image.h"

/* Deflate makes at most 1032 bytes of one. */
enum { LARGEST_RATIO = 1032 };

struct reading {
    png_structp png;
    png_infop info;
    png_bytep *rows;
    char *message;
};

static void fail(png_structp png, png_const_charp text)
{
    struct reading *reading = png_get_error_ptr(png);
    if (!*reading->message)
        snprintf(reading->message, IMAGE_MESSAGE_SIZE, "%s", text);
    longjmp(png_jmpbuf(png), 1);
}

static void ignore(png_structp png, png_const_charp text)
{
    (void)png;
    (void)text;
}

/* Asks for 8-bit gray or RGB. */
static void set_form(struct reading *reading)
{
    png_set_expand(reading->png);
    png_set_scale_16(reading->png);
    png_set_strip_alpha(reading->png);
    png_set_interlace_handling(reading->png);
    png_read_update_info(reading->png, reading->info);
}

static void read_pixels(struct reading *reading, struct image *out)
{
    out->channels = png_get_channels(reading->png, reading->info);
    size_t row = png_get_rowbytes(reading->png, reading->info);
    if ((out->channels != 1 && out->channels != 3) || row != out->columns * (size_t)out->channels)
        png_error(reading->png, "unknown pixel format");
    out->pixels = malloc(row * out->rows);
    reading->rows = calloc(out->rows, sizeof *reading->rows);
    if (!out->pixels || !reading->rows)
        png_error(reading->png, "out of memory");
    for (uint32_t i = 0; i < out->rows; i++)
        reading->rows[i] = out->pixels + i * row;
    png_read_image(reading->png, reading->rows);
    png_read_end(reading->png, NULL);
}

/* All that libpng may jump out of; the objects live in the caller's structs. */
static int read_guarded(struct reading *reading, FILE *file, const struct image_form *form, struct image *out)
{
    uint64_t size = image_file_size(file);
    if (setjmp(png_jmpbuf(reading->png)))
        return 0;
    png_init_io(reading->png, file);
    png_set_user_limits(reading->png, 1 << 16, 1 << 16);
    png_set_chunk_cache_max(reading->png, 100);
    png_set_chunk_malloc_max(reading->png, 1 << 20);
    png_set_crc_action(reading->png, PNG_CRC_ERROR_QUIT, PNG_CRC_WARN_DISCARD);
    png_read_info(reading->png, reading->info);
    out->rows = png_get_image_height(reading->png, reading->info);
    out->columns = png_get_image_width(reading->png, reading->info);
    if (!image_admit(form, out->rows, out->columns, reading->message))
        return 0;
    if (!image_is_plausible(size, (uint64_t)png_get_rowbytes(reading->png, reading->info) * out->rows, LARGEST_RATIO,
                            reading->message))
        return 0;
    set_form(reading);
    read_pixels(reading, out);
    return 1;
}

int image_read_png(FILE *file, const struct image_form *form, struct image *out, char *message)
{
    struct reading reading = {.message = message};
    *out = (struct image){0};
    *message = '\0';
    reading.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reading, fail, ignore);
    reading.info = reading.png ? png_create_info_struct(reading.png) : NULL;
    int done = reading.info && read_guarded(&reading, file, form, out);
    if (reading.png)
        png_destroy_read_struct(&reading.png, &reading.info, NULL);
    free(reading.rows);
    if (done)
        return 1;
    free(out->pixels);
    out->pixels = NULL;
    if (!*message)
        snprintf(message, IMAGE_MESSAGE_SIZE, "out of memory");
    return 0;
}
