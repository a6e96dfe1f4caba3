/// What doses do in the regions of agents, to be looked at: places that are taken, concentrations and activations, traces, and curves over doses.
///
/// All doses of a condition act together, as in handle_effects. What a drug takes of a site at rest, while the modulator competes (x = C/EC50 or C/Km;
/// S, T, B as in modulators/receptor, I inhibitors):
///
///   receptor      T / (x + T) A + B / (1 + B) (1 - A),   A = (x + T)^n / ((x + T)^n + (1 + B)^n);   (T + B) / (1 + x + T + B) for n = 1
///   transporter   I / (1 + x + I)
///   enzyme        I / (1 + I)
///
/// A transporter of two modulators (NET) is looked at with each alone, as clearance has it.
///
/// Pure functions. A view takes about 10 ms, each dose of a curve about 3 ms.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pharmacology/handle_effects.hpp"
#include "pharmacology/treatment.hpp"

namespace labile {

/// Share of a receptor's places that drugs take beside x = C/EC50 of the modulator; see above.
[[nodiscard]] double taken_by_drugs(double x, double hill, const Occupants& drugs);

/// A constant that a number rests on.
struct Basis {
  std::string what;
  double value;
  std::string unit, sure;
};
/// The weakest word among them: checked, recalled, card, unsure, guess, ours, in this order; "" of none.
[[nodiscard]] std::string_view weakest(std::span<const Basis> list);

/// What drugs hold of a receptor, autoreceptor, transporter or enzyme.
struct SiteView {
  enum class Kind { receptor, autoreceptor, transporter, enzyme };
  Kind kind;
  std::string modulator, site, region;  // modulator: its short name
  double taken = 0;                     // share of places
  // Of drugs that are here and of the site itself; concentrations stand with their own.
  std::vector<Basis> rests_on = {};
};
[[nodiscard]] std::string_view text_of(SiteView::Kind kind);

/// Release, relative to intact, under depletion, precursors and lesions; autoreceptors come on top of it.
struct ReleaseView {
  std::string modulator, region;
  double times = 1;
  double added_uM_per_s = 0;  // by releasers
  std::vector<Basis> rests_on = {};
};
struct ConcentrationView {
  std::string modulator, region;
  double intact, drug;  // µM at rest
  std::vector<Basis> rests_on;
};
/// Activation at rest, at the height of a burst and in the depth of a pause of kPhaseMs.
struct Phases {
  double rest, burst, pause;
};
struct ActivationView {
  std::string modulator, receptor, region;
  Phases intact, drug;
  std::vector<Basis> rests_on;  // of the receptor
};

/// Concentration and activations through a burst and a pause, of what changes by more than one in a hundred.
struct TraceView {
  struct Receptor {
    std::string name;
    std::vector<double> intact, drug;  // [time]
  };
  std::string modulator, region;
  std::vector<double> intact, drug;  // [time] µM
  std::vector<Receptor> receptors;
};
/// Times of the traces, ms: from before a burst at 0 to after a pause.
struct TraceTimes {
  double burst_from = 0, burst_to = 0, pause_from = 0, pause_to = 0;
  std::vector<double> ms;
};
[[nodiscard]] const TraceTimes& trace_times();

/// Of the modulators that have a target of the drugs, or a lesion; in all regions of agents, also where the drugs are not.
struct DrugView {
  std::vector<SiteView> sites;  // those that a drug acts on
  std::vector<ReleaseView> releases;
  std::vector<ConcentrationView> concentrations;
  std::vector<ActivationView> activations;
  std::vector<TraceView> traces;
};
/// Throws Error as give() and Modulation::settle do.
[[nodiscard]] DrugView drug_view(const AgentModulation& agent, const Treatment& treatment);

/// One drug by itself over doses, NaN where the model has no answer.
struct DoseResponse {
  struct Site {
    SiteView::Kind kind;
    std::string modulator, site, region;
    std::vector<double> taken;  // [dose] share of places
  };
  struct Release {
    std::string modulator, region;
    std::vector<double> times;  // [dose] of intact
  };
  struct Handle {
    std::string handle;
    double intact;
    std::vector<double> value;  // [dose]
  };
  std::vector<double> doses;
  std::vector<Site> sites;  // in regions where the drug is
  std::vector<Release> releases;
  std::vector<Handle> handles;  // of agents, those that move at some dose
  std::string refused;          // what the model says to the doses that have no answer; "" where all have
  std::vector<Basis> rests_on;  // constants of the drug
};
/// The drug and places of `dose`; its amount is not read.
[[nodiscard]] DoseResponse dose_response(const AgentModulation& agent, const GivenDose& dose,
                                         std::span<const double> doses);
/// A drug by itself over the hours after it was taken, its course in plasma going into the brain at once.
struct DoseCourse {
  std::vector<double>
      hours;  // to three half-lives after the peak; none where the course is not known, or the dose chronic
  double read_h = 0;   // when agents feel it
  DoseResponse there;  // over hours instead of doses, without handles
};
[[nodiscard]] DoseCourse dose_course(const AgentModulation& agent, const GivenDose& dose);
/// Doses of a curve, in equal steps of their logarithm around the amount given (the usual one where that is 0): from 1/30 to 30 times, to 3 times
/// where the effect of the usual dose is all that is known. The amount is one of them. Empty for a drug without any dose.
[[nodiscard]] std::vector<double> dose_grid(const GivenDose& dose);

}  // namespace labile
