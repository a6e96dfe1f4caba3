#include "run/formula_fit.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "record/columns.hpp"

namespace labile {
namespace {

/// Names, the first few of many.
std::string some(const std::vector<std::string>& names) {
  const auto n = std::min<std::size_t>(names.size(), 6);
  return fmt::format("{}{}", fmt::join(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(n), ", "),
                     n < names.size() ? ", ..." : "");
}

void check_grouping(const std::vector<Formula>& formulas, const DataSet& d) {
  for (const auto& column : columns_of(formulas))
    if (fold(column) == "subject" || fold(column) == fold(d.subject_column))
      throw Error(
          fmt::format("formulas: '{}' says who people are; parameters differ between them anyway", column));
  for (const auto& f : formulas)
    for (const auto& g : f.grouping)
      if (fold(g) != "subject" && fold(g) != fold(d.subject_column))
        throw Error(fmt::format("formula \"{}\": (1 | {}): only subjects differ at random; write (1 | {})",
                                f.text, g, d.subject_column.empty() ? "subject" : d.subject_column));
}

/// Leaves out subjects that lack a value, or says who they are.
void leave_out_missing(const FormulaSpec& a, DataSet& d) {
  std::set<std::size_t> lacking;
  for (const auto& k : d.kept) {
    const auto empty = std::find(k.values.begin(), k.values.end(), "");
    if (empty == k.values.end()) continue;
    const auto code = static_cast<std::int32_t>(empty - k.values.begin());
    std::vector<std::string> who;
    bool in_part = false;
    for (std::size_t s = 0; s < d.trials.subjects.size(); ++s) {
      std::size_t n = 0;
      for (auto r = d.trials.first[s]; r < d.trials.first[s + 1]; ++r) n += k.row[r] == code;
      if (n == 0) continue;
      who.push_back(d.trials.subjects[s]);
      lacking.insert(s);
      in_part = in_part || n < d.trials.first[s + 1] - d.trials.first[s];
    }
    if (who.empty()) continue;
    const std::string what =
        fmt::format("column '{}' is missing{} for {} of {} subjects: {}", k.name,
                    in_part ? ", in some rows or all," : "", who.size(), d.trials.subjects.size(), some(who));
    if (!a.drop_missing)
      throw Error(fmt::format("{}: {}; {} leaves them out", d.trials.source, what,
                              a.in_card ? "drop_missing = true" : "--drop-missing"));
    d.notes.push_back(what + "; they were left out");
  }
  if (lacking.size() == d.trials.subjects.size())
    throw Error(
        fmt::format("{}: no subject has a value in every column that the formulas name", d.trials.source));
  if (lacking.empty()) return;
  d.left_out = fmt::format("{} of {} subjects left out, who lack a covariate", lacking.size(),
                           d.trials.subjects.size());
  std::vector<bool> good(d.trials.rows(), true);
  for (const auto s : lacking)
    std::fill(good.begin() + static_cast<std::ptrdiff_t>(d.trials.first[s]),
              good.begin() + static_cast<std::ptrdiff_t>(d.trials.first[s + 1]), false);
  keep_rows(d, good);
}

/// Cuts each subject's rows by the values of the columns.
class Units {
 public:
  explicit Units(DataSet& d) : d_(d), t_(d.trials) {
    for (std::size_t s = 0; s < t_.subjects.size(); ++s) cut(s);
  }
  /// Into units, `data` with them.
  void put(FormulaFit& f) {
    f.subjects = t_.subjects;
    for (const auto& k : d_.kept)
      if (differs_.count(k.name)) f.within.push_back(k.name);
    std::vector<std::size_t> rows, first{0};
    std::vector<std::string> labels;
    for (const auto& u : units_) {
      for (const auto& [begin, end] : u.stretches) {
        d_.fresh[begin] = 1;
        for (auto r = begin; r < end; ++r) rows.push_back(r);
      }
      first.push_back(rows.size());
      f.subject_of.push_back(static_cast<int>(u.subject));
      std::vector<std::string> at;
      std::string label;
      for (std::size_t c = 0; c < d_.kept.size(); ++c) {
        if (!differs_.count(d_.kept[c].name)) continue;
        at.push_back(value(c, u.key[c]));
        label += fmt::format("{}{}={}", label.empty() ? "" : ";", d_.kept[c].name, at.back());
      }
      labels.push_back(label.empty() ? t_.subjects[u.subject]
                                     : fmt::format("{}[{}]", t_.subjects[u.subject], label));
      f.values.push_back(std::move(at));
    }
    if (f.within.empty()) return;
    refuse_single_trials();
    const bool several = f.within.size() > 1;
    d_.notes.push_back(
        fmt::format("{0} differ{1} within subjects: {2} subjects make {3} units, and values start afresh "
                    "where {4} changes. A subject has one value of "
                    "a parameter without a formula; effects are the same for all people unless (1 + {5} | "
                    "subject) lets them differ",
                    fmt::join(f.within, " and "), several ? "" : "s", f.subjects.size(), units_.size(),
                    several ? "one of them" : "it", f.within[0]));
    take_rows(d_, rows, std::move(first), std::move(labels));
  }
  [[nodiscard]] Covariate covariate(std::size_t column) const {
    const auto& k = d_.kept[column];
    Covariate c{k.name, k.names, {}};
    for (const auto& u : units_) c.values.push_back(value(column, u.key[column]));
    return c;
  }

 private:
  using Key = std::vector<std::int32_t>;  // [column]
  struct Unit {
    std::size_t subject;
    Key key;
    std::vector<std::pair<std::size_t, std::size_t>> stretches;  // of rows
  };
  [[nodiscard]] const std::string& value(std::size_t column, std::int32_t code) const {
    return d_.kept[column].values[static_cast<std::size_t>(code)];
  }
  [[nodiscard]] Key key(std::size_t row) const {
    Key k;
    for (const auto& c : d_.kept) k.push_back(c.row[row]);
    return k;
  }
  void cut(std::size_t s) {
    const auto from = units_.size();
    std::map<std::pair<int, int>, std::set<Key>> left;  // of a block: those that are behind
    for (auto r = t_.first[s]; r < t_.first[s + 1]; ++r) {
      const Key now = key(r);
      const bool first = r == t_.first[s];
      if (!first && now == key(r - 1)) {
        of(from, s, now).stretches.back().second = r + 1;
        continue;
      }
      if (!first) {
        const bool block = t_.session[r] != t_.session[r - 1] || t_.block[r] != t_.block[r - 1];
        left[{t_.session[r - 1], t_.block[r - 1]}].insert(key(r - 1));
        if ((!block && d_.has_blocks && t_.trial[r] > t_.trial[r - 1]) ||
            left[{t_.session[r], t_.block[r]}].count(now))
          refuse(s, r);
        for (std::size_t c = 0; c < d_.kept.size(); ++c)
          if (now[c] != key(r - 1)[c]) differs_.insert(d_.kept[c].name);
      }
      of(from, s, now).stretches.emplace_back(r, r + 1);
    }
  }
  Unit& of(std::size_t from, std::size_t s, const Key& k) {
    for (auto u = from; u < units_.size(); ++u)
      if (units_[u].key == k) return units_[u];
    return units_.emplace_back(Unit{s, k, {}});
  }
  /// One decision, or several stages of one.
  [[nodiscard]] bool is_one_trial(const std::pair<std::size_t, std::size_t>& rows) const {
    for (auto r = rows.first + 1; r < rows.second; ++r)
      if (t_.trial[r] != t_.trial[r - 1] || t_.stage[r] <= t_.stage[r - 1]) return false;
    return true;
  }
  /// What differs from trial to trial is no condition: each would begin with values that nothing has taught.
  void refuse_single_trials() const {
    std::size_t single = 0;
    for (const auto& u : units_) single += u.stretches.size() == 1 && is_one_trial(u.stretches[0]);
    if (2 * single > units_.size())
      throw Error(fmt::format(
          "{}: {} differ{} from trial to trial ({} of {} combinations with a subject are single trials). A "
          "formula's columns "
          "belong to subjects, sessions or whole blocks, since each combination has parameters and values of "
          "its own",
          t_.source, fmt::join(differs_, " and "), differs_.size() > 1 ? "" : "s", single, units_.size()));
  }
  [[noreturn]] void refuse(std::size_t s, std::size_t r) const {
    for (std::size_t c = 0; c < d_.kept.size(); ++c)
      if (d_.kept[c].row[r] != d_.kept[c].row[r - 1])
        throw Error(fmt::format(
            "{}: column '{}' changes within a block: subject '{}', trial {} has '{}' and trial {} '{}'. A "
            "formula's columns "
            "belong to subjects, sessions or whole blocks, since each combination has parameters and values "
            "of its own{}",
            t_.source, d_.kept[c].name, t_.subjects[s], t_.trial[r - 1], value(c, d_.kept[c].row[r - 1]),
            t_.trial[r], value(c, d_.kept[c].row[r]),
            d_.has_blocks
                ? ""
                : "; where another column tells blocks apart, name it: --columns block=NAME, in a card "
                  "columns = { block = \"NAME\" }"));
    throw Bug("rows that differ differ in a column");
  }

  DataSet& d_;
  Trials& t_;
  std::vector<Unit> units_;
  std::set<std::string> differs_;
};

void refuse_references_of_numbers(const std::map<std::string, std::string>& refs,
                                  const std::vector<Coding>& codings, bool in_card) {
  for (const auto& [column, level] : refs) {
    bool factor = false;
    for (const auto& c : codings)
      for (std::size_t v = 0; v < c.formula().variables.size(); ++v)
        factor = factor || (c.formula().variables[v].column == column && c.code(static_cast<int>(v)).factor);
    if (!factor)
      throw Error(
          fmt::format("{2} {0}={1}: column '{0}' holds numbers; write factor({0}) in the formula to "
                      "make levels of them",
                      column, level, in_card ? "reference" : "--reference"));
  }
}

FormulaFit without_formulas(const DataSet& d) {
  FormulaFit f;
  f.subjects = d.trials.subjects;
  f.subject_of.resize(f.subjects.size());
  std::iota(f.subject_of.begin(), f.subject_of.end(), 0);
  f.values.resize(f.subjects.size());
  return f;
}
}  // namespace

FormulaFit formula_fit(const FormulaSpec& a, DataSet& d) {
  if (a.formulas.empty()) return without_formulas(d);
  const auto formulas = parse_formulas(a.formulas);
  check_grouping(formulas, d);
  const std::map<std::string, std::string> refs(a.references.begin(), a.references.end());
  leave_out_missing(a, d);
  FormulaFit f;
  Units units(d);
  std::vector<Covariate> columns;
  for (std::size_t c = 0; c < d.kept.size(); ++c) columns.push_back(units.covariate(c));
  units.put(f);
  for (const auto& formula : formulas)
    f.codings.emplace_back(formula, columns, f.subject_of, refs, a.effect_prior);
  refuse_references_of_numbers(refs, f.codings, a.in_card);
  for (const auto& c : f.codings)
    for (const auto& n : c.notes())
      if (std::find(d.notes.begin(), d.notes.end(), n) == d.notes.end()) d.notes.push_back(n);
  view_subjects(d);
  return f;
}

std::vector<NamedDesign> designs_of(const FormulaFit& f, const LearnerEntry& learner) {
  std::vector<NamedDesign> r;
  for (const auto& c : f.codings)
    for (const auto& p : c.formula().params)
      if (std::any_of(learner.params.begin(), learner.params.end(),
                      [&](const auto& x) { return x.name == p; }))
        r.push_back({p, c.design()});
  return r;
}

std::vector<ParamEffects> effects_of(const FormulaFit& f, const GroupFit& fit) {
  std::vector<const Coding*> coding(fit.params.size(), nullptr);
  for (std::size_t k = 0; k < coding.size(); ++k)
    for (const auto& c : f.codings)
      if (std::find(c.formula().params.begin(), c.formula().params.end(), fit.params[k].name) !=
          c.formula().params.end())
        coding[k] = &c;
  return effects_of(fit, coding);
}

}  // namespace labile
