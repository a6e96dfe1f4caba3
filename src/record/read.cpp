#include "record/read.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "core/error.hpp"
#include "record/derive.hpp"

namespace labile {
namespace {

[[noreturn]] void none_left(const Header& header) {
  std::string asked;
  for (const auto& f : header.filters)
    for (const auto& v : f.values)
      asked += fmt::format("{}{} = {}", asked.empty() ? "" : ", ", header.names[f.column], v);
  throw Error(fmt::format("{}: no row has {}", header.path.string(), asked));
}

}  // namespace

TrialsFile read_trials(const std::filesystem::path& path, const ReadOptions& options) {
  Records in(path);
  if (!in.next()) throw Error(fmt::format("{}: is empty", path.string()));
  std::vector<std::string> notes;
  const Header header = read_header(path, in, options, notes);
  Rows rows(header, options);
  while (in.next()) rows.add(in);
  if (rows.trials.rows() > 0 && !in.ended())
    notes.push_back(
        fmt::format("the file does not end with a line end: was it cut short? Its last row, line {}, was "
                    "read as it stands",
                    in.line()));
  if (rows.trials.rows() == 0 && rows.filtered > 0) none_left(header);
  if (rows.trials.rows() == 0) throw Error(fmt::format("{}: has a header and no rows", path.string()));
  return derive(header, options, rows, std::move(notes));
}

std::vector<std::uint8_t> fresh_flags(const Trials& t, std::string_view reset_on, const Where& where) {
  bool session = false, block = false;
  for (std::string_view rest = reset_on; !rest.empty();) {
    const auto comma = rest.find(',');
    const std::string item = fold(rest.substr(0, comma));
    if (item == "session")
      session = true;
    else if (item == "block")
      session = block = true;
    else if (item != "none") {
      const std::vector<std::string> known{"none", "session", "block"};
      throw Error(where, fmt::format("reset_on = '{}': '{}' is nothing that values can start afresh on{}",
                                     reset_on, item, suggest(item, known)));
    }
    rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
  }
  std::vector<std::uint8_t> fresh(t.rows(), 0);
  for (std::size_t r = 1; r < t.rows(); ++r)
    fresh[r] = (session && t.session[r] != t.session[r - 1]) || (block && t.block[r] != t.block[r - 1]);
  for (std::size_t s = 0; s < t.subjects.size(); ++s) fresh[t.first[s]] = 1;
  return fresh;
}

SubjectTrials subject_trials(const Trials& t, int subject, std::span<const std::uint8_t> fresh) {
  const std::size_t begin = t.first[static_cast<std::size_t>(subject)];
  const std::size_t n = t.first[static_cast<std::size_t>(subject) + 1] - begin;
  const std::size_t wide = t.feature.empty() ? 0 : t.feature.size() / t.rows();
  SubjectTrials r{t.layout, std::span(t.choice).subspan(begin, n), std::span(t.outcome).subspan(begin, n),
                  fresh.subspan(begin, n), std::span(t.feature).subspan(begin * wide, n * wide)};
  if (!t.report.empty()) r.report = std::span(t.report).subspan(begin, n);
  r.report_after = t.report_after;
  if (!t.right.empty()) r.right = std::span(t.right).subspan(begin, n);
  if (!t.state.empty()) r.state = std::span(t.state).subspan(begin, n);
  r.stage = std::span(t.stage).subspan(begin, n);
  if (!t.rt_s.empty()) r.rt_s = std::span(t.rt_s).subspan(begin, n);
  for (const auto& [name, values] : t.signals)
    r.inputs.push_back({name, std::span(values).subspan(begin, n)});
  return r;
}

std::optional<std::filesystem::path> find_data(const std::string& name) {
  namespace fs = std::filesystem;
  std::error_code ec;
  if (name.empty()) return std::nullopt;
  if (fs::is_regular_file(name, ec)) return fs::path(name);
  const fs::path inside = fs::path(name) / (name + ".csv");
  if (const char* folder = std::getenv("LABILE_DATA"); folder && *folder)
    if (const fs::path p = fs::path(folder) / inside; fs::is_regular_file(p, ec)) return p;
  for (fs::path at = fs::current_path(ec); !at.empty(); at = at.parent_path()) {
    if (const fs::path p = at / "shared" / "data" / inside; fs::is_regular_file(p, ec)) return p;
    if (at == at.root_path()) break;
  }
  return std::nullopt;
}

}  // namespace labile
