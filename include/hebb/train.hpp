/// Training: configuration, trainer, evaluation, model files and run folders.
#pragma once

#include "hebb/config.hpp"
#include "hebb/evaluation.hpp"
#include "hebb/experiments.hpp"
#include "hebb/insight.hpp"
#include "hebb/model_file.hpp"
#include "hebb/report.hpp"
#include "hebb/run.hpp"
#include "hebb/trainer.hpp"
