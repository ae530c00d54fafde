// Neurons from the command line, from training to prediction.
#include <nlohmann/json.hpp>

#include "cli/helpers.hpp"

namespace hebb::testing {
namespace {

using Json = nlohmann::json;

TEST(Neurons, ArePerceptronsFromTrainingToPrediction) {
  const Shell hebb;
  const Outcome trained = hebb("train --data iris --model perceptron --epochs 30 --out p");
  ASSERT_EQ(trained.code, 0) << trained.err;
  EXPECT_NE(trained.out.find("setosa: "), std::string::npos) << trained.out;
  EXPECT_NE(trained.out.find("(R/margin)^2"), std::string::npos) << trained.out;
  EXPECT_NE(trained.out.find("virginica"), std::string::npos) << trained.out;
  EXPECT_NE(trained.out.find("not separable"), std::string::npos) << trained.out;

  const Outcome evaluated = hebb("eval p/best.safetensors --data iris --json");
  ASSERT_EQ(evaluated.code, 0) << evaluated.err;
  EXPECT_GT(Json::parse(evaluated.out)["accuracy"].get<double>(), 0.7);
  const Outcome predicted =
      hebb("predict p/best.safetensors", "printf '5.1,3.5,1.4,0.2\\n6.3,3.3,6.0,2.5\\n' |");
  ASSERT_EQ(predicted.code, 0) << predicted.err;
  EXPECT_EQ(predicted.out, "prediction\nsetosa\nvirginica\n");
  EXPECT_NE(hebb("inspect p").out.find("dense(3)"), std::string::npos);
}

TEST(Neurons, TellProofsAsJson) {
  const Shell hebb;
  const Outcome trained = hebb("train --data iris --model perceptron --epochs 40 --json");
  ASSERT_EQ(trained.code, 0) << trained.err;
  const Json neuron = Json::parse(trained.out)["neuron"];
  ASSERT_EQ(neuron["separability"].size(), 3U);
  const Json setosa = neuron["separability"][0];
  EXPECT_EQ(setosa["verdict"], "separable");
  EXPECT_LE(neuron["mistakes"][0].get<double>(), setosa["novikoff_bound"].get<double>());
  EXPECT_GT(neuron["mistakes"][0].get<int>(), 0);
  EXPECT_EQ(setosa["weights"].size(), 4U);
  const Json virginica = neuron["separability"][2];
  EXPECT_EQ(virginica["verdict"], "inseparable");
  EXPECT_EQ(virginica["samples"].size(), virginica["shares"].size());
}

TEST(Neurons, GoOnAsIfTheyHadNotStopped) {
  const Shell hebb;
  const std::string base = "train --data moons --model perceptron --validation 0.2 --epochs ";
  ASSERT_EQ(hebb(base + "9 --out whole -q").code, 0);
  ASSERT_EQ(hebb(base + "4 --out parts -q").code, 0);
  const Outcome more = hebb("train --resume parts --epochs 9 -q");
  ASSERT_EQ(more.code, 0) << more.err;
  for (const char* name : {"best.safetensors", "last.safetensors"})
    EXPECT_EQ(hebb.read(std::string("whole/") + name), hebb.read(std::string("parts/") + name)) << name;
}

TEST(Neurons, LearnLogicalFunctions) {
  const Shell hebb;
  const Outcome conjunction = hebb("train --data and --model perceptron --scale none --epochs 100 --out and");
  ASSERT_EQ(conjunction.code, 0) << conjunction.err;
  EXPECT_NE(conjunction.out.find("rmse 0,"), std::string::npos) << conjunction.out;
  const Outcome predicted = hebb("predict and/best.safetensors", "printf '0,1\\n1,1\\n' |");
  EXPECT_EQ(predicted.out, "y\n0\n1\n") << predicted.err;
  const Outcome exclusive = hebb("train --data xor --model perceptron --scale none --epochs 100");
  EXPECT_NE(exclusive.out.find("not separable"), std::string::npos) << exclusive.out << exclusive.err;
}

TEST(Neurons, OfEveryKindAreSavedAndEvaluated) {
  const Shell hebb;
  for (const std::string model :
       {"margin", "pocket", "averaged", "adaline", "stochastic_logistic", "logistic", "madaline"}) {
    SCOPED_TRACE(model);
    const std::string base = "train --data iris --epochs 20 --json --overwrite --out run --model ";
    const Outcome trained = hebb(base + model);
    ASSERT_EQ(trained.code, 0) << trained.err;
    EXPECT_EQ(Json::parse(trained.out)["neuron"]["rule"].get<std::string>().substr(0, model.size()), model);
    const Outcome evaluated = hebb("eval run/best.safetensors --data iris --json");
    ASSERT_EQ(evaluated.code, 0) << evaluated.err;
    EXPECT_EQ(Json::parse(evaluated.out)["accuracy"], Json::parse(trained.out)["train_accuracy"]);
    EXPECT_GT(Json::parse(evaluated.out)["accuracy"].get<double>(), 0.6);
    EXPECT_EQ(hebb("predict run/best.safetensors --proba", "echo 5.1,3.5,1.4,0.2 |").code, 0);
  }
}

TEST(Neurons, RefuseWhatTheyHaveNoUseFor) {
  const Shell hebb;
  const auto refused = [&](const std::string& arguments, int code, const std::string& message) {
    const Outcome outcome = hebb("train --data iris --model perceptron " + arguments);
    EXPECT_EQ(outcome.code, code) << arguments;
    EXPECT_NE(outcome.err.find(message), std::string::npos) << outcome.err;
  };
  refused("--loss mse", 2, "loss: ");
  refused("--optimizer sgd", 2, "optimizer: ");
  refused("--ema 0.9", 2, "ema: ");
  refused("--l2 -1", 2, "l2: ");
  refused("--find-lr", 2, "find-lr");
  refused("--schedule no", 2, "schedule: ");
  EXPECT_EQ(hebb("train --data iris --model 'perceptron(margn=1)'").code, 2);
  EXPECT_NE(hebb("train --data iris --model perceptrn").err.find("did you mean 'perceptron'"),
            std::string::npos);
  EXPECT_EQ(hebb("train --data sine --model perceptron").code, 3);
  hebb.write("one.csv", "a,b,kind\n1,2,x\n3,4,x\n");
  const Outcome one = hebb("train --data one.csv --model perceptron");
  EXPECT_EQ(one.code, 3);
  EXPECT_NE(one.err.find("class"), std::string::npos) << one.err;
}

}  // namespace
}  // namespace hebb::testing
