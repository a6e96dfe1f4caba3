/// The seam of agents: learner, circuit, replayed subject. One virtual call per phase and block.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "contract/task.hpp"

namespace labile {

/// What a manipulation does to a handle; `none` returns it to its intact value.
struct Effect {
  enum Op { scale, set, add, reset_fraction } op = scale;
  double amount = 1;
};

/// Something a manipulation can reach: "da.release", "actor.weights", a learner's parameter.
struct Handle {
  std::string name;
  std::string about;
  std::vector<Effect::Op> ops;  // what may be done to it
  bool pulsed = false;          // takes pulse(): an amount added for one outcome phase
  Bounds bounds{};              // of the value after the effect, for set, scale and add
};

/// A quantity that can be recorded: one number a lane, or a map over features (for credit).
struct SignalInfo {
  std::string name, label, unit;
  bool feature_map = false;  // read() fills [feature][lanes] instead of [lanes]
  bool of_learning = false;  // means something only after a trial from which something was learned
};

class Agent {
 public:
  virtual ~Agent() = default;
  virtual void begin(const TaskInfo& task, const Subjects& subjects) = 0;
  /// Lives through one phase; fills `actions` where the phase awaits one.
  virtual void phase(const Phase& phase, const Actions& actions) = 0;
  [[nodiscard]] virtual const std::vector<Handle>& handles() const = 0;
  /// Changes what handle `handle` stands for, in one lane, from now on.
  virtual void apply(int handle, int lane, Effect effect) = 0;
  /// For the coming outcome phase only: adds amount[lane] at a pulsed handle.
  virtual void pulse(int handle, std::span<const double> amount);
  [[nodiscard]] virtual const std::vector<SignalInfo>& signals() const = 0;
  /// Whether it lives by the durations of phases.
  [[nodiscard]] virtual bool lives_in_time() const { return true; }
  /// Never changes an agent's state. `out` has [lanes], or [features][lanes] for a feature map.
  virtual void read(int signal, std::span<double> out) const = 0;
};

struct LaneTrials;
struct LaneNeeds;

/// The likelihood of a learner at given parameters, without its type. Parameters are in table order, on
/// the natural scale.
struct Likelihood {
  /// Sum of log P(choice), or of log densities, in nats; `per_trial`, if not empty, gets one entry a trial (0
  /// where missing).
  double (*value)(std::span<const double> params, const SubjectTrials& trials, std::span<double> per_trial);
  /// The same with its gradient in the parameters.
  double (*gradient)(std::span<const double> params, const SubjectTrials& trials, std::span<double> grad);
  /// The same with gradient and Hessian [n][n].
  double (*hessian)(std::span<const double> params, const SubjectTrials& trials, std::span<double> grad,
                    std::span<double> hess);
  /// Value and gradient [n] of each of up to four subjects, packed by pack_lanes() as `lane_needs` says. Derivatives of parameters whose bit
  /// is not in `wanted` may be 0: they cost time.
  Vec (*lanes)(std::span<const Vec> params, const LaneTrials& trials, std::uint64_t wanted,
               std::span<Vec> grad);
  LaneNeeds (*lane_needs)();
  /// Values of the lanes; each [step], unless empty: what its steps add, 0 where nothing is scored. Null: not of four at once.
  Vec (*lane_scores)(std::span<const Vec> params, const LaneTrials& trials, std::span<Vec> each);
  bool jumps = false;  // where parameters tip a decision of the learner; gradients are those between jumps
};

/// One line of src/learners/catalogue.def.
struct LearnerEntry {
  Info info;
  std::vector<ParamInfo> params;
  const Likelihood* likelihood;  // null: simulation only
  const char* no_likelihood;     // why, when null
  /// Settings hold for all subjects.
  std::unique_ptr<Agent> (*make)(const Settings&);
  /// Parameters of each subject, [subject][parameter] in table order, looked up by entity modulo rows;
  /// null when the learner cannot take them.
  std::unique_ptr<Agent> (*make_each)(const std::vector<std::vector<double>>&);
  std::vector<std::string> inputs = {};    // numbers that it must be shown, by name
  void (*check)(const Layout&) = nullptr;  // throws Error where it cannot play; null: plays all
  /// Total surprise (nats) of the inputs a subject met, for models of sequences; null: it has none.
  double (*surprise)(std::span<const double> params, const SubjectTrials&,
                     std::span<double> per_trial) = nullptr;
  bool reports = false;                    // answers with a number instead of an option
  bool timed = false;                      // its likelihood is of choices with their response times
  bool times_only = false;                 // of response times alone, whatever was chosen
  bool forgets = false;                    // values that were not chosen may fade: part "forgetting"
  LearnerEntry (*with_parts)() = nullptr;  // the same with the parts of contract/parts.hpp; null: takes none
  std::vector<std::string> optional_inputs = {};  // numbers that it takes where they are shown, else 0
  const char* own_task = "bandit_reversal";       // the task it is for: where its parameters are recovered
  /// Moves parameters, from which a search starts, to where these trials are possible; null: all are.
  void (*feasible)(std::span<double> params, const SubjectTrials&) = nullptr;
  /// What it makes of a subject's trials whatever its parameters, by name, one entry a trial; null: nothing.
  /// Who asks for many likelihoods of a subject adds them to its inputs; else each works them out again.
  std::map<std::string, std::vector<double>> (*derive)(const SubjectTrials&) = nullptr;
};

/// Whether the task shows what the learner must be shown, asks for what it answers with, and has a layout
/// that it plays.
[[nodiscard]] bool can_play(const LearnerEntry& learner, const TaskInfo& task);

/// Of agents that choose: throws Error where the task asks for a number.
void refuse_reports(const char* agent, const TaskInfo& task);

}  // namespace labile
