/* SPDX-License-Identifier: Apache-2.0 */
/* Decides how images of any size and colour become those that a model takes. */
#include "image.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_EXTENT = 1 << 16 };

int image_admit(const struct image_form *form, uint32_t rows, uint32_t columns, char *message)
{
    if (rows == form->rows && columns == form->columns)
        return 1;
    if (!form->resize) {
        snprintf(message, IMAGE_MESSAGE_SIZE, "%u rows and %u columns, expected %u and %u (--resize scales images)",
                 rows, columns, form->rows, form->columns);
        return 0;
    }
    uint32_t limit = form->max_pixels ? form->max_pixels : IMAGE_MAX_PIXELS;
    if (!rows || !columns || rows > MAX_EXTENT || columns > MAX_EXTENT || (uint64_t)rows * columns > limit) {
        snprintf(message, IMAGE_MESSAGE_SIZE, "%u rows and %u columns, expected %u pixels at most", rows, columns,
                 limit);
        return 0;
    }
    return 1;
}

uint64_t image_file_size(FILE *file)
{
    long size = fseek(file, 0, SEEK_END) ? -1 : ftell(file);
    rewind(file);
    return size < 0 ? 0 : (uint64_t)size;
}

int image_is_plausible(uint64_t size, uint64_t promised, uint64_t ratio, char *message)
{
    if (promised / ratio <= size)
        return 1;
    snprintf(message, IMAGE_MESSAGE_SIZE, "a file of %llu bytes, far too few for the image that it promises",
             (unsigned long long)size);
    return 0;
}

/* ------------------------------------------------------------------------------------------------ channels */

static void spread(const unsigned char *from, size_t pixels, int channels, int wanted, unsigned char *to)
{
    for (size_t i = 0; i < pixels; i++) {
        const unsigned char *p = from + i * (size_t)channels;
        if (channels == wanted)
            memcpy(to + i * (size_t)wanted, p, (size_t)wanted);
        else if (wanted == 1)
            to[i] = (unsigned char)((299 * p[0] + 587 * p[1] + 114 * p[2] + 500) / 1000);
        else
            memset(to + i * (size_t)wanted, p[0], (size_t)wanted);
    }
}

/* ------------------------------------------------------------------------------------------------ sizes */

/* Output pixel i of a line is the sum of weights[k] * input[first + k]. */
struct tap {
    uint32_t first, count;
    float *weights;
};

struct filter {
    struct tap *taps;
    float *weights;
};

static void fill_tap(struct tap *tap, uint32_t i, uint32_t from, double scale, double radius)
{
    double centre = (i + 0.5) * scale, sum = 0;
    double first = ceil(centre - radius - 0.5), last = floor(centre + radius - 0.5);
    tap->first = first < 0 ? 0 : (uint32_t)first;
    uint32_t end = last > from - 1.0 ? from - 1 : (uint32_t)last;
    tap->count = end - tap->first + 1;
    for (uint32_t k = 0; k < tap->count; k++) {
        double weight = fmax(0, 1 - fabs(tap->first + k + 0.5 - centre) / radius);
        tap->weights[k] = (float)weight;
        sum += weight;
    }
    for (uint32_t k = 0; k < tap->count; k++)
        tap->weights[k] = (float)(tap->weights[k] / sum);
}

static int make_filter(uint32_t from, uint32_t to, struct filter *out)
{
    double scale = (double)from / to, radius = scale > 1 ? scale : 1;
    size_t room = (size_t)(2 * radius) + 2;
    out->taps = calloc(to, sizeof *out->taps);
    out->weights = calloc(to, room * sizeof *out->weights);
    if (!out->taps || !out->weights)
        return 0;
    for (uint32_t i = 0; i < to; i++) {
        out->taps[i].weights = out->weights + i * room;
        fill_tap(&out->taps[i], i, from, scale, radius);
    }
    return 1;
}

static void free_filter(struct filter *filter)
{
    free(filter->taps);
    free(filter->weights);
}

static unsigned char round_level(float value)
{
    return value <= 0 ? 0 : value >= 255 ? 255 : (unsigned char)(value + 0.5f);
}

/* Columns first: one line of floats for each row of the image. */
static void scale_columns(const struct image *image, const struct filter *filter, uint32_t columns, float *lines)
{
    size_t channels = (size_t)image->channels;
    for (uint32_t y = 0; y < image->rows; y++) {
        const unsigned char *row = image->pixels + (size_t)y * image->columns * channels;
        for (uint32_t x = 0; x < columns; x++) {
            const struct tap *tap = &filter->taps[x];
            for (size_t c = 0; c < channels; c++) {
                float sum = 0;
                for (uint32_t k = 0; k < tap->count; k++)
                    sum += tap->weights[k] * row[(tap->first + k) * channels + c];
                *lines++ = sum;
            }
        }
    }
}

static void scale_rows(const float *lines, size_t width, const struct filter *filter, uint32_t rows,
                       unsigned char *out)
{
    for (uint32_t y = 0; y < rows; y++)
        for (size_t x = 0; x < width; x++) {
            const struct tap *tap = &filter->taps[y];
            float sum = 0;
            for (uint32_t k = 0; k < tap->count; k++)
                sum += tap->weights[k] * lines[(tap->first + k) * width + x];
            *out++ = round_level(sum);
        }
}

/* Pixels of the form's size and the image's channels; malloc'd, NULL without memory. */
static unsigned char *scale(const struct image *image, const struct image_form *form)
{
    size_t width = (size_t)form->columns * (size_t)image->channels;
    struct filter across = {0}, down = {0};
    float *lines = calloc(image->rows, width * sizeof *lines);
    unsigned char *pixels = malloc(form->rows * width);
    int ready = lines && pixels && make_filter(image->columns, form->columns, &across) &&
                make_filter(image->rows, form->rows, &down);
    if (ready) {
        scale_columns(image, &across, form->columns, lines);
        scale_rows(lines, width, &down, form->rows, pixels);
    } else {
        free(pixels);
        pixels = NULL;
    }
    free(lines);
    free_filter(&across);
    free_filter(&down);
    return pixels;
}

int image_convert(const struct image *image, const struct image_form *form, unsigned char *out)
{
    size_t pixels = (size_t)form->rows * form->columns;
    if (image->rows == form->rows && image->columns == form->columns) {
        spread(image->pixels, pixels, image->channels, form->channels, out);
        return 1;
    }
    unsigned char *scaled = scale(image, form);
    if (!scaled)
        return 0;
    spread(scaled, pixels, image->channels, form->channels, out);
    free(scaled);
    return 1;
}
