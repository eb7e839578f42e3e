/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz target once over each file named, or each file of the folders named: regression test without an engine.
 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz.h"

static int run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END))
        return 1;
    long size = ftell(file);
    rewind(file);
    /* exactly as large as the data, so that AddressSanitizer sees reads beyond it */
    uint8_t *data = malloc(size > 0 ? (size_t)size : 1);
    int bad = size < 0 || !data || fread(data, 1, (size_t)size, file) != (size_t)size;
    fclose(file);
    if (!bad)
        LLVMFuzzerTestOneInput(data, (size_t)size);
    free(data);
    return bad;
}

static int run_folder(const char *path, unsigned *count)
{
    DIR *folder = opendir(path);
    if (!folder)
        return 1;
    int bad = 0;
    for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        char name[4096];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        bad += run_file(name);
        *count += 1;
    }
    closedir(folder);
    return bad;
}

int main(int argc, char **argv)
{
    unsigned count = 0;
    int bad = 0;
    for (int i = 1; i < argc; i++) {
        struct stat info;
        if (!stat(argv[i], &info) && S_ISDIR(info.st_mode)) {
            bad += run_folder(argv[i], &count);
        } else {
            bad += run_file(argv[i]);
            count++;
        }
    }
    printf("%u inputs, %d could not be read\n", count, bad);
    return bad || !count;
}
