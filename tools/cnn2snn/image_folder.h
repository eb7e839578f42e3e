/* SPDX-License-Identifier: Apache-2.0 */
/* Folders of images. */
#ifndef IMAGE_FOLDER_H
#define IMAGE_FOLDER_H

#include "image.h"
#include "session.h"

struct image_folder {
    char **paths; /* of .png, .jpg and .jpeg files, sorted by name (bytes) */
    size_t count;
};

int is_folder(const char *path);
int is_image_name(const char *name);
/* Finds the images of a folder. Gives a STATUS_, with the reason printed. */
int image_folder_open(struct session *session, const char *path, struct image_folder *out);
void image_folder_close(struct image_folder *folder);
/* Reads image `index` into form->rows * form->columns * form->channels bytes. Gives a STATUS_, likewise. */
int image_folder_read(struct session *session, const struct image_folder *folder, size_t index,
                      const struct image_form *form, unsigned char *out);

#endif
