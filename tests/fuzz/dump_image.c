/* SPDX-License-Identifier: Apache-2.0 */
/* dump_image IN.h5 OUT: the image of an HDF5 file, for the corpus of fuzz_keras_model. */
#include <stdio.h>
#include <sys/stat.h>

#include "base/error.h"
#include "fuzz.h"
#include "formats/hdf5_extract.h"

int main(int argc, char **argv)
{
    struct stat info;
    struct c2s_image *image = NULL;
    if (argc != 3 || stat(argv[1], &info))
        return 2;
    cnn2snn_context *context = fuzz_context(CNN2SNN_ISOLATION_NONE);
    struct c2s_hdf5_source source = {.path = argv[1], .size = (size_t)info.st_size};
    if (c2s_hdf5_read_image(context, &source, &image, NULL))
        return 1;
    FILE *file = fopen(argv[2], "wb");
    int bad = !file || fwrite(image->data, 1, image->size, file) != image->size;
    bad = (file && fclose(file)) || bad;
    c2s_image_release(image);
    c2s_context_release(context);
    return bad;
}
