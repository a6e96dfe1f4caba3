/// `labile claims`: every card of the folder, and what became of its predictions.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "core/output_file.hpp"
#include "core/ranks.hpp"
#include "run/network_run.hpp"
#include "run/run.hpp"

namespace labile {
namespace {

struct Claim {
  std::string title;
  std::vector<Judged> predictions;
};

struct ClaimCard {
  std::filesystem::path path;  // of built-in cards: what messages call them
  std::string text;
};

/// Cards whose name contains the pattern, of the folder or built in.
std::vector<ClaimCard> find_cards(const ClaimsArgs& a) {
  namespace fs = std::filesystem;
  std::vector<ClaimCard> r;
  if (fs::is_directory(a.folder)) {
    for (const auto& e : fs::directory_iterator(a.folder))
      if (e.path().extension() == ".toml" && e.path().stem().string().find(a.pattern) != std::string::npos)
        r.push_back({e.path(), read_file(e.path())});
  } else if (a.folder == ClaimsArgs{}.folder) {
    for (const auto& name : embedded_card_names())
      if (name.starts_with("claim_") && name.find(a.pattern) != std::string::npos)
        r.push_back({name + ".toml", std::string(*embedded_card(name))});
  } else {
    throw Error(fmt::format("{}: no such folder; --folder says where the claims' cards are", a.folder));
  }
  if (r.empty()) throw Error(fmt::format("{}: no card's name contains '{}'", a.folder, a.pattern));
  std::sort(r.begin(), r.end(), [](const auto& x, const auto& y) { return x.path < y.path; });
  return r;
}

/// Runs a card of agents or of a network; nothing but its verdicts is kept.
Claim run_claim(const ClaimCard& card, const ClaimsArgs& a) {
  const auto& [path, text] = card;
  const std::string stem = path.stem().string();
  Ranks& ranks = Ranks::world();
  ProgressLine progress(!a.json && ranks.first());
  const auto tell = [&](const std::string& what) { progress.note(what); };
  Claim claim;
  if (is_network_card(text, path.string())) {
    NetworkOptions options;
    options.threads = a.jobs;
    options.ranks = &ranks;
    options.tell = tell;
    options.progress = [&](double share, const std::string& what, const std::string& detail) {
      progress.show(share, stem + ": " + what, detail);
    };
    auto result = run_network_card(parse_network_card(text, path.string(), path.parent_path()), options);
    claim = {result.card.title, std::move(result.predictions)};
  } else {
    RunOptions options;
    options.threads = a.jobs;
    options.ranks = &ranks;
    options.tell = tell;
    options.progress = [&](double share, const std::string& what) {
      progress.show(share, stem + ": " + what);
    };
    auto result = run_card(parse_card(text, path.string()), options);
    claim = {result.card.title, std::move(result.predictions)};
  }
  progress.clear();
  return claim;
}

}  // namespace

int claims_command(const ClaimsArgs& a) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  bool refuted = false;
  for (const auto& card : find_cards(a)) {
    const Claim claim = run_claim(card, a);
    if (!Ranks::world().first()) continue;  // rank 0 has the results
    refuted |= any_refuted(claim.predictions);
    if (!a.json) fmt::print("{}\n", claim.title);
    for (const auto& p : claim.predictions) {
      if (a.json) {
        const auto number = [](double x) {
          return x == x ? nlohmann::ordered_json(x) : nlohmann::ordered_json(nullptr);
        };
        json.push_back({{"card", card.path.stem().string()},
                        {"claim", p.prediction.claim},
                        {"variant", p.variant},
                        {"agent", p.agent},
                        {"metric", p.prediction.fit.empty() ? p.prediction.metric : p.prediction.effect},
                        {"relation", p.prediction.relation_text},
                        {"value", number(p.effect.value)},
                        {"low", number(p.effect.low)},
                        {"high", number(p.effect.high)},
                        {"verdict", p.verdict},
                        {"tuned", p.prediction.tuned}});
      } else {
        fmt::print("  {:<10} {:<44} {:<30} predicted {}{}\n", p.verdict,
                   p.prediction.claim + (p.variant.empty() ? "" : " (" + p.variant + ")"),
                   interval_text(p.effect), p.prediction.relation_text,
                   p.prediction.tuned ? "  [tuned on this]" : "");
      }
    }
  }
  if (a.json && Ranks::world().first()) fmt::print("{}\n", json.dump(1));
  return a.check && refuted ? 1 : 0;
}

}  // namespace labile
