#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <optional>

#include "core/denormals.hpp"
#include "core/environment.hpp"
#include "graph/folded_loop.hpp"
#include "graph/matmul_plan.hpp"
#include "graph/op.hpp"
#include "graph/plan.hpp"
#include "graph/schedule.hpp"
#include "hebb/error.hpp"

namespace hebb {

extern const Op op_matmul;

Plan::Plan(PlanSpec spec) : schedule_(std::make_unique<PlanSchedule>(std::move(spec))) {}
Plan::~Plan() = default;
const PlanSpec& Plan::spec() const { return schedule_->spec; }
std::size_t Plan::memory_bytes() const { return schedule_->memory_bytes; }

std::string Plan::to_string() const {
  std::string text;
  const auto name = [&](int value) {
    const Node& node = *schedule_->values[static_cast<std::size_t>(value)].node;
    const std::string label =
        node.is_leaf() ? (node.name.empty() ? "leaf" : node.name) : std::string(node.op->name);
    return label + "#" + std::to_string(value) + hebb::to_string(node.shape);
  };
  for (const Group& group : schedule_->groups) {
    if (group.head < 0 && group.members.empty()) continue;
    text += group.kind == Group::Kind::elementwise ? "fused" : name(group.head);
    if (group.bias >= 0) text += " + bias " + name(group.bias);
    for (const int member : group.members) text += " | " + name(member);
    for (const int sum : group.sums) text += " | " + name(sum);
    if (group.loop && group.loop->fused()) text += " in one kernel";
    text += '\n';
  }
  for (const auto& copy : schedule_->copies) text += "copy " + name(copy.value) + '\n';
  return text;
}

/// One kernel, bound to addresses.
class Execution::Step {
 public:
  Step() = default;
  virtual ~Step() = default;
  Step(const Step&) = delete;
  Step& operator=(const Step&) = delete;
  virtual void run() = 0;
};

namespace {

/// A matrix product, a program, or both; so small that they are kept as calls bound to addresses.
class CallsStep final : public Execution::Step {
 public:
  /// `keeps_b`: whether B never changes.
  CallsStep(std::optional<Gemm> gemm, const GemmOperands& operands, bool keeps_b, const ElementwiseLoop* loop,
            const std::vector<float*>& slots)
      : gemm_(std::move(gemm)), operands_(operands) {
    if (gemm_) {
      packed_.resize(gemm_->packed_floats());
      tiles_ = gemm_->calls(operands_, packed_.data());
      packs_ = !packed_.empty() && !keeps_b;
      if (keeps_b) gemm_->pack(operands_.b, packed_.data());
    }
    if (loop == nullptr) return;
    scratch_.resize(loop->scratch_floats());
    calls_ = loop->calls(slots.data(), scratch_.data());
    fused_ = loop->fused_call(slots.data());
  }
  /// Whether both parts were small enough.
  bool complete(const ElementwiseLoop* loop) const {
    return (!gemm_ || !tiles_.empty()) && (loop == nullptr || !calls_.empty() || fused_.run != nullptr);
  }
  void run() override {
    if (packs_) gemm_->pack(operands_.b, packed_.data());
    for (const GemmCall& call : tiles_) call.run(call.tile);
    for (const ElementwiseLoop::Call& call : calls_) call();
    if (fused_.run != nullptr) fused_();
  }

 private:
  std::optional<Gemm> gemm_;
  GemmOperands operands_;
  std::vector<float> packed_;
  bool packs_ = false;  // in every run
  std::vector<GemmCall> tiles_;
  std::vector<float> scratch_;
  std::vector<ElementwiseLoop::Call> calls_;
  ElementwiseLoop::FusedCall fused_;
};

class LoopStep final : public Execution::Step {
 public:
  LoopStep(const ElementwiseLoop& loop, std::vector<float*> slots) : loop_(loop), slots_(std::move(slots)) {}
  void run() override { loop_.run_all(slots_.data()); }

 private:
  const ElementwiseLoop& loop_;
  std::vector<float*> slots_;
};

/// A program whose values are summed on the way.
class FoldedStep final : public Execution::Step {
 public:
  explicit FoldedStep(FoldedLoop loop) : loop_(std::move(loop)) {}
  void run() override { loop_.run(); }

 private:
  FoldedLoop loop_;
};

/// A kernel that computes its result block by block, and the program behind it.
class BlocksStep final : public Execution::Step {
 public:
  struct Operands {
    std::vector<const void*> inputs;
    const float* bias;
    float* result;
  };
  BlocksStep(BlockKernel kernel, Operands operands, bool by_block, const ElementwiseLoop* loop,
             std::vector<float*> slots)
      : kernel_(std::move(kernel)),
        operands_(std::move(operands)),
        by_block_(by_block),
        loop_(loop),
        slots_(std::move(slots)) {}
  void run() override {
    const bool fused = loop_ != nullptr && by_block_;
    kernel_(operands_.inputs.data(), operands_.bias, operands_.result,
            fused ? Epilogue{epilogue, this} : Epilogue{});
    if (loop_ != nullptr && !by_block_) loop_->run_all(slots_.data());
  }

 private:
  static void epilogue(const void* self, std::int64_t row, std::int64_t row_end, std::int64_t column,
                       std::int64_t column_end) {
    const auto* step = static_cast<const BlocksStep*>(self);
    step->loop_->run(step->slots_.data(), row, row_end, column, column_end);
  }

  BlockKernel kernel_;
  Operands operands_;
  bool by_block_;
  const ElementwiseLoop* loop_;
  std::vector<float*> slots_;
};

class KernelStep final : public Execution::Step {
 public:
  KernelStep(Kernel kernel, std::vector<const void*> operands, void* result)
      : kernel_(std::move(kernel)), operands_(std::move(operands)), result_(result) {}
  void run() override { kernel_(operands_.data(), result_); }

 private:
  Kernel kernel_;
  std::vector<const void*> operands_;
  void* result_;
};

class CopyStep final : public Execution::Step {
 public:
  CopyStep(void* to, const void* from, std::size_t bytes) : to_(to), from_(from), bytes_(bytes) {}
  void run() override { std::memmove(to_, from_, bytes_); }

 private:
  void* to_;
  const void* from_;
  std::size_t bytes_;
};

/// Ops without a fast kernel run their reference.
Kernel kernel_of(const Node& node) {
  if (node.op->kernel != nullptr) return node.op->kernel(node);
  return [&node](const void* const* operands, void* result) {
    node.op->reference.f32({node, {operands, node.inputs.size()}, result});
  };
}

std::shared_ptr<std::byte> allocate(std::size_t bytes) {
  const std::size_t rounded = (bytes / 64 + 1) * 64;
  auto* memory = static_cast<std::byte*>(std::aligned_alloc(64, rounded));
  if (memory == nullptr) throw std::bad_alloc();
  std::memset(memory, 0, rounded);
  return {memory, std::free};
}

/// Where the values of one execution lie.
class Addresses {
 public:
  Addresses(const PlanSchedule& schedule, std::byte* memory, const std::vector<void*>& bound)
      : schedule_(schedule), memory_(memory), bound_(bound) {}

  void* of(const Location& location) const {
    switch (location.kind) {
      case Location::Kind::memory: return memory_ + location.offset;
      case Location::Kind::bound: return bound_[location.index];
      case Location::Kind::leaf: return const_cast<void*>(location.data);  // only ever an operand
      default: return nullptr;
    }
  }
  void* of(int value) const { return of(schedule_.location(value)); }
  float* floats(int value) const { return static_cast<float*>(of(value)); }

 private:
  const PlanSchedule& schedule_;
  std::byte* memory_;
  const std::vector<void*>& bound_;
};

/// The steps of a plan bound to addresses.
class StepMaker {
 public:
  StepMaker(const PlanSchedule& schedule, const Addresses& addresses)
      : schedule_(schedule), addresses_(addresses) {}

  /// Null for a group that has nothing to compute.
  std::unique_ptr<Execution::Step> step_of(const Group& group) const {
    switch (group.kind) {
      case Group::Kind::elementwise: return program(group);
      case Group::Kind::kernel:
        return std::make_unique<KernelStep>(kernel_of(head(group)), operands(group),
                                            addresses_.of(group.head));
      default: return blocks(group);
    }
  }

 private:
  const Node& head(const Group& group) const {
    return *schedule_.values[static_cast<std::size_t>(group.head)].node;
  }
  std::vector<const void*> operands(const Group& group) const {
    std::vector<const void*> result;
    for (const int input : schedule_.values[static_cast<std::size_t>(group.head)].inputs)
      result.push_back(addresses_.of(input));
    return result;
  }
  KernelSetting setting(const Group& group) const {
    KernelSetting result = {.precision = schedule_.spec.precision, .constants = {}};
    for (const int input : schedule_.values[static_cast<std::size_t>(group.head)].inputs)
      result.constants.push_back(schedule_.location(input).kind == Location::Kind::leaf ? addresses_.of(input)
                                                                                        : nullptr);
    return result;
  }
  std::vector<float*> slots(const Group& group) const {
    std::vector<float*> result;
    for (const int root : group.slots) {
      result.push_back(root == group.head ? static_cast<float*>(addresses_.of(group.result))
                                          : addresses_.floats(root));
    }
    return result;
  }

  std::unique_ptr<Execution::Step> folded(const Group& group) const {
    std::vector<FoldedLoop::Fold> folds;
    for (const int sum : group.sums) {
      const int of = schedule_.values[static_cast<std::size_t>(sum)].inputs[0];
      const auto slot = std::find(group.slots.begin(), group.slots.end(), of) - group.slots.begin();
      folds.push_back({static_cast<std::int32_t>(slot), addresses_.floats(sum)});
    }
    return std::make_unique<FoldedStep>(FoldedLoop(*group.loop, slots(group), std::move(folds)));
  }

  std::unique_ptr<Execution::Step> program(const Group& group) const {
    if (!group.loop) return nullptr;
    if (!group.sums.empty()) return folded(group);
    auto calls = std::make_unique<CallsStep>(std::nullopt, GemmOperands{}, false, &*group.loop, slots(group));
    if (calls->complete(&*group.loop)) return calls;
    return std::make_unique<LoopStep>(*group.loop, slots(group));
  }

  std::unique_ptr<Execution::Step> blocks(const Group& group) const {
    const ElementwiseLoop* loop = group.loop ? &*group.loop : nullptr;
    const KernelSetting known = setting(group);
    const Node& node = head(group);
    BlocksStep::Operands all = {operands(group), group.bias < 0 ? nullptr : addresses_.floats(group.bias),
                                static_cast<float*>(addresses_.of(group.result))};
    if (node.op == &op_matmul && is_single_product(node)) {
      const GemmOperands product = {static_cast<const float*>(all.inputs[0]),
                                    static_cast<const float*>(all.inputs[1]), all.bias, all.result};
      auto calls = std::make_unique<CallsStep>(Gemm(single_product(node, known)), product,
                                               known.constant(1) != nullptr, loop, slots(group));
      if (calls->complete(loop)) return calls;
    }
    return std::make_unique<BlocksStep>(node.op->block_kernel(node, known), std::move(all),
                                        runs_by_block(group), loop, slots(group));
  }

  const PlanSchedule& schedule_;
  const Addresses& addresses_;
};

}  // namespace

Execution::Execution(std::shared_ptr<const Plan> plan, const std::vector<void*>& bound)
    : plan_(std::move(plan)) {
  apply_isa_choice();
  const PlanSchedule& schedule = plan_->schedule();
  if (bound.size() != schedule.spec.bound.size())
    throw Error("execution: not every bound leaf has an address");
  memory_ = allocate(schedule.memory_bytes);
  const Addresses addresses(schedule, memory_.get(), bound);
  for (const int value : schedule.inputs) inputs_.push_back(addresses.of(value));
  for (const int value : schedule.outputs) outputs_.push_back(addresses.of(value));
  for (std::size_t i = 0; i < schedule.values.size(); ++i) {
    const Value& value = schedule.values[i];
    if (!value.constant || schedule.locations[i].kind != Location::Kind::memory) continue;
    std::fill_n(addresses.floats(static_cast<int>(i)), value.node->shape.elements(),
                static_cast<float>(value.node->attributes.real("value")));
  }
  const StepMaker maker(schedule, addresses);
  for (const Group& group : schedule.groups) {
    if (auto step = maker.step_of(group)) steps_.push_back(std::move(step));
  }
  for (const auto& copy : schedule.copies) {
    const Node& node = *schedule.values[static_cast<std::size_t>(copy.value)].node;
    steps_.push_back(
        std::make_unique<CopyStep>(bound[copy.bound], addresses.of(copy.value),
                                   static_cast<std::size_t>(node.shape.elements()) * size_of(node.dtype)));
  }
}

Execution::~Execution() = default;
Execution::Execution(Execution&&) noexcept = default;
Execution& Execution::operator=(Execution&&) noexcept = default;

void Execution::run() {
  const DenormalScope scope(DenormalMode::flushed());
  for (const auto& step : steps_) step->run();
}

}  // namespace hebb
