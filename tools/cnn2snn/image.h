/* SPDX-License-Identifier: Apache-2.0 */
/* 8-bit images: what decoders give, and how they are brought to the form that a model takes. */
#ifndef IMAGE_H
#define IMAGE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct image {
    uint32_t rows, columns;
    int channels;          /* 1 or 3 */
    unsigned char *pixels; /* malloc'd: row by row, the channels of a pixel side by side */
};

/* The form in which a model takes images. */
struct image_form {
    uint32_t rows, columns;
    int channels;        /* 1 or 3 */
    int resize;          /* images of other sizes are scaled */
    uint32_t max_pixels; /* of an image that is scaled; 0: IMAGE_MAX_PIXELS */
};

enum { IMAGE_MESSAGE_SIZE = 256, IMAGE_MAX_PIXELS = 1 << 26 };

/* Whether an image of this size may be decoded: 1, or 0 and the reason. */
int image_admit(const struct image_form *form, uint32_t rows, uint32_t columns, char *message);
/* Bytes of the whole file. */
uint64_t image_file_size(FILE *file);
/*
 * Whether a file of `size` bytes can hold what its head promises, of which a byte gives `ratio` units at most: 1, or
 * 0 and the reason. Nothing may be allocated for an image before.
 */
int image_is_plausible(uint64_t size, uint64_t promised, uint64_t ratio, char *message);

/* Decoders. Give 1, or 0 and the reason. The image has 1 or 3 channels, as it is easiest for the decoder. */
int image_read_png(FILE *file, const struct image_form *form, struct image *out, char *message);
int image_read_jpeg(FILE *file, const struct image_form *form, struct image *out, char *message);

/*
 * Writes the image in its model's form: gray is spread to the three channels, colours become gray by their luma
 * (ITU-R 601), other sizes are scaled with a triangle filter, which is as wide as an output's pixel where the image
 * shrinks. Gives 0 without memory.
 */
int image_convert(const struct image *image, const struct image_form *form, unsigned char *out);

#endif
