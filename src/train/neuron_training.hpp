/// Runs of neurons: what the trainer is for networks, for learners with a rule of their own.
#pragma once

#include <memory>

#include "hebb/config.hpp"
#include "hebb/neurons.hpp"
#include "hebb/trainer.hpp"
#include "io/json.hpp"

namespace hebb::training {

/// The neuron that `config.model` describes, with learning rate, schedule, penalties and seed of the
/// configuration. Throws ConfigError, naming the key, for what cannot be and for keys that mean nothing to a
/// neuron.
std::unique_ptr<neurons::Classifier> parse_neuron(const TrainConfig& config);

/// The same, ready for the samples of a data set. Throws ConfigError for a data set of values, unless it is
/// one value a sample.
std::unique_ptr<neurons::Classifier> make_neuron(const TrainConfig& config, const Dataset& data);

/// The neuron as a model of the data: its network. Where targets are values, 0 and 1, the output is their
/// prediction: of a perceptron the step of its score.
Sequential network_for(const neurons::Classifier& neuron, const Dataset& data);
/// The loss that it is measured by.
Loss loss_for(const neurons::Classifier& neuron, const Dataset& data);

/// The configuration written out as it is used.
TrainConfig resolved_for_neuron(TrainConfig config, const neurons::Classifier& neuron);

/// Trains the neuron and gives `model`, its network, the weights: those of the epoch with the lowest
/// validation loss where there is validation, else the last ones. An epoch is one pass. What `train` promises
/// holds, and it throws the same. `insight`: see TrainerOptions.
TrainResult train_neuron(neurons::Classifier& neuron, Module& model, const TrainConfig& config,
                         const TrainerInputs& inputs, bool insight = false);

/// What there is to say of what it learned: rule, epochs, and for perceptrons mistakes and separability.
Json neuron_json(const neurons::Classifier& neuron);

}  // namespace hebb::training
