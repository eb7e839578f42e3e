/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Version numbers of the library: the one place where they are written.
 *
 * The ABI version is apart from the release: the shared object is named after it
 * (libcnn2snn.so.0.1 while ABI_MAJOR is 0, libcnn2snn.so.MAJOR afterwards).
 */
#ifndef CNN2SNN_VERSION_H
#define CNN2SNN_VERSION_H

#define CNN2SNN_VERSION "0.1.0"

#define CNN2SNN_ABI_MAJOR 0
#define CNN2SNN_ABI_MINOR 1
#define CNN2SNN_ABI_PATCH 0

/** The ABI version as one number, 0x00MMmmpp; what a program hands to cnn2snn_context_create(). */
#define CNN2SNN_ABI_VERSION 0x00000100

#endif
