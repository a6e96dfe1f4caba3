/// The card of a network: what is built, done to it, recorded, measured and predicted.
#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <span>

#include "card/card.hpp"
#include "network/spec.hpp"
#include "toml/toml_tree.hpp"

namespace labile {

/// [[record]]: one kind of trace of one part of the network.
struct RecordSpec {
  enum class Kind { spikes, rates, state, field, gate, modulation, synapses } kind = Kind::spikes;
  std::string target;                     // population, field, gate, "DA.striatum", or projection
  std::string variable;                   // state
  std::vector<int> units;                 // state
  std::vector<int> sources;               // synapses: all of these sources, or
  std::vector<std::array<int, 2>> pairs;  // these
  double every_ms = 0;
  Where where;
};

/// [[protocol]]: what is done to a running network.
struct ProtocolSpec {
  enum class Kind {
    pulse,              // amount into a field at times
    clamp,              // a field held at a value from .. to
    rate,               // of a Poisson population from times on
    current,            // extra current into a population from times on
    silence,            // units that fire no more from times on
    lesion,             // a share of a population fires no more from times on
    stimulate,          // pulses of extra current or rate, in trains
    dose,               // a drug, there from times on
    clear_eligibility,  // of projections, at times
    reward_on_coincidence  // a chosen synapse: pre then post within the window; later a field rises or cells are stimulated
  } kind = Kind::pulse;
  std::string name, field, population;
  std::vector<std::string> projections;
  std::vector<double> times_ms;
  std::vector<int> units;
  double amount = 0, value = 0;
  double from_ms = 0, to_ms = -1;  // to < 0: the end
  double window_ms = 20, weight = 0;
  double share = 0, width_ms = 0, interval_ms = 0;  // lesion; stimulate
  int count = 1;                                    // stimulate: pulses a train
  bool uptake = false;                              // lesion: the terminals' transporters go too
  std::string drug;
  std::optional<double> hours;  // since the dose was taken; none: its peak
  bool chronic = false;         // a dose: weeks have gone by with it
  std::vector<std::string> regions;
  Distribution delay_ms;
  Where where;
};

/// What may be written in a [[protocol]] or a [[record]], for `labile describe`.
struct SectionInfo {
  std::string name, about;
  std::vector<std::string> needed, optional;  // keys
};
[[nodiscard]] std::vector<SectionInfo> protocol_kinds();
[[nodiscard]] std::vector<SectionInfo> record_kinds();

/// [[measure]]: one number a network.
struct MeasureSpec {
  enum class Kind {
    rate,
    cv_isi,
    weight_mean,
    weight_sd,
    weight_change,
    chosen_weight,
    chosen_rank,
    chosen_in_top,
    rewards,
    mean,
    max,
    min,
    decay
  } kind = Kind::rate;
  std::string id, population;
  std::string of;        // mean, max, min, decay: field, gate, "DA.striatum"
  double every_ms = 0;   // how often it is read; 0: about once a ms
  double part = 0.5;     // decay: of the way back
  double since_ms = -1;  // decay: from when; < 0: from the highest value
  std::vector<std::string> projections;
  double from_ms = 0, to_ms = -1;  // to < 0: the end
  double top = 0.001;
  bool ties_against = true;  // chosen_in_top: synapses as high as the chosen one count as above it
  Where where;
};
/// Name, unit and meaning of each kind, in the order of MeasureSpec::Kind.
struct MeasureInfo {
  const char *name, *label, *unit, *about;
};
[[nodiscard]] std::span<const MeasureInfo> measure_kinds();

/// The network under one condition, with what is done to it.
struct NetworkCondition {
  std::string name;
  std::vector<std::pair<std::string, toml_tree::Node>> set;  // changes against the card, none for the first
  NetworkSpec network;
  double duration_ms = 0;
  std::vector<ProtocolSpec> protocols;
  Where where;
};

struct NetworkCard {
  std::string title, about, tuned_on;
  std::uint64_t seed = 0;
  int seeds = 1;                             // networks a condition; network k is drawn from seed + k
  int resamples = 1000;                      // bootstrap
  std::vector<NetworkCondition> conditions;  // the first is "intact"
  std::vector<RecordSpec> records;
  std::vector<MeasureSpec> measures;
  std::vector<Prediction> predictions;
  std::vector<std::string> notes;  // what is allowed but does nothing, or not what one might think
};

/// Whether the text is the card of a network: it has [network] or [[population]].
[[nodiscard]] bool is_network_card(std::string_view text, const std::string& name);
/// Parses and checks all that can be checked without drawing synapses. `folder` is where files are looked
/// for. Throws Error with file, line, column. "network.projection.EE.eta" and "projection.EE.eta" are one
/// key.
[[nodiscard]] NetworkCard parse_network_card(std::string_view text, const std::string& name,
                                             const std::filesystem::path& folder,
                                             const std::vector<Override>& overrides = {});
[[nodiscard]] std::string canonical_text(const NetworkCard& card);
[[nodiscard]] std::string card_hash(const NetworkCard& card);

}  // namespace labile
