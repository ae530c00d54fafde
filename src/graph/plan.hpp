/// Plans: graphs compiled to a sequence of kernels over one block of memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "graph/node.hpp"
#include "hebb/precision.hpp"
#include "hebb/tensor.hpp"

namespace hebb {

struct PlanSchedule;

/// What a plan is to compute.
struct PlanSpec {
  /// A bound leaf and the value it takes at the end of each run.
  struct Update {
    Tensor leaf;
    Tensor value;
  };
  std::vector<Tensor> inputs;  ///< placeholders that are fed before each run
  std::vector<Tensor>
      bound;  ///< leaves whose elements lie where the caller says (parameters, optimiser state)
  std::vector<Tensor> outputs;  ///< values to be read after each run
  std::vector<Update> updates;
  Precision precision = Precision::f32;  ///< of products
};

/// A compiled graph: immutable, shared by any number of executions.
class Plan {
 public:
  /// Throws ShapeError for f64 nodes (the interpreter computes those) and Error for placeholders that are not
  /// inputs.
  explicit Plan(PlanSpec spec);
  ~Plan();
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;

  const PlanSpec& spec() const;
  const PlanSchedule& schedule() const { return *schedule_; }
  /// Bytes an execution's memory takes.
  std::size_t memory_bytes() const;
  /// One line a step: what it computes, from where.
  std::string to_string() const;

 private:
  std::unique_ptr<PlanSchedule> schedule_;
};

/// One run after the other of a plan, in memory of its own. Not for use by two threads at once; several
/// executions of one plan are independent.
class Execution {
 public:
  class Step;

  /// `bound[i]` is where the elements of the plan's i-th bound leaf lie, 64-byte aligned and padded to whole
  /// multiples of 64 bytes; it must outlive the execution.
  explicit Execution(std::shared_ptr<const Plan> plan, const std::vector<void*>& bound = {});
  ~Execution();
  Execution(Execution&&) noexcept;
  Execution& operator=(Execution&&) noexcept;

  /// The elements of the i-th input, to be written before a run; they stay until the next.
  void* input(std::size_t i) { return inputs_[i]; }
  /// The elements of the i-th output, valid until the next run.
  const void* output(std::size_t i) const { return outputs_[i]; }
  /// Allocates nothing.
  void run();

 private:
  std::shared_ptr<const Plan> plan_;
  std::shared_ptr<std::byte> memory_;
  std::vector<void*> inputs_;
  std::vector<const void*> outputs_;
  std::vector<std::unique_ptr<Step>> steps_;
};

}  // namespace hebb
