/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a PNG or JPEG file, decoded from memory for a model of the size and colours that the first three bytes
 * say: what isn't refused with a reason fills exactly the model's input. */
#include "fuzz.h"

#include <stdio.h>
#include <string.h>

#include "image.h"

/* Larger images take too long for a fuzzer; the command takes IMAGE_MAX_PIXELS. */
enum { HEAD = 3, MAX_EXTENT = 64, MAX_PIXELS = 1 << 18 };

static void decode(const uint8_t *data, size_t size, const struct image_form *form, int png)
{
    char message[IMAGE_MESSAGE_SIZE];
    struct image image = {0};
    FILE *file = fmemopen((void *)data, size, "rb");
    fuzz_require(file != NULL);
    int done = png ? image_read_png(file, form, &image, message) : image_read_jpeg(file, form, &image, message);
    fclose(file);
    fuzz_require(done == (image.pixels != NULL) && (done || *message));
    if (!done)
        return;
    fuzz_require(image.channels == 1 || image.channels == 3);
    fuzz_require((uint64_t)image.rows * image.columns <= MAX_PIXELS);
    fuzz_require(form->resize || (image.rows == form->rows && image.columns == form->columns));
    /* exactly as large as the model's input, so that AddressSanitizer sees what is written beyond it */
    unsigned char *input = malloc((size_t)form->rows * form->columns * (size_t)form->channels);
    fuzz_require(input && image_convert(&image, form, input));
    free(input);
    free(image.pixels);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size <= HEAD)
        return 0;
    const struct image_form form = {.rows = 1u + data[1] % MAX_EXTENT,
                                    .columns = 1u + data[2] % MAX_EXTENT,
                                    .channels = data[0] & 1 ? 3 : 1,
                                    .resize = data[0] >> 1 & 1,
                                    .max_pixels = MAX_PIXELS};
    decode(data + HEAD, size - HEAD, &form, data[HEAD] == 0x89);
    return 0;
}
