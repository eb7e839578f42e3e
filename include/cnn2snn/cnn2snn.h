/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * All headers of libcnn2snn.
 */
#ifndef CNN2SNN_CNN2SNN_H
#define CNN2SNN_CNN2SNN_H

#include "cnn2snn/akida.h"
#include "cnn2snn/base.h"
#include "cnn2snn/calibrate.h"
#include "cnn2snn/converter.h"
#include "cnn2snn/model.h"
#include "cnn2snn/quantizer.h"
#include "cnn2snn/simulator.h"
#include "cnn2snn/tensor.h"
#include "cnn2snn/transform.h"
#include "cnn2snn/version.h"

#endif
