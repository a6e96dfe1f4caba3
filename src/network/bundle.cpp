#include "network/bundle.hpp"

#include <cstring>
#include <limits>

#include "core/error.hpp"
#include "core/parallel.hpp"
#include "network/post_sums.hpp"

namespace labile {

namespace {
/// [delay] which of the connector's delays it is.
std::vector<std::uint16_t> classes_of(const Connector& connector) {
  const auto delays = connector.delays();
  std::vector<std::uint16_t> r(delays.back() + 1, 0);
  for (std::size_t k = 0; k < delays.size(); ++k) r[delays[k]] = static_cast<std::uint16_t>(k);
  return r;
}
}  // namespace

Bundle::Bundle(const Connector& connector, const RowShape& shape, int sources, int first, int targets)
    : shape_(shape),
      delays_(connector.delays().size()),
      chunk_bytes_(shape.chunk_bytes()),
      first_(first),
      targets_(targets) {
  const auto lanes = static_cast<std::uint32_t>(shape.lanes);
  const auto class_of = classes_of(connector);
  const std::size_t rows = static_cast<std::size_t>(sources) * delays_;
  // Drawn twice, once to count and once to store: cheaper than keeping what was drawn.
  std::vector<std::uint32_t> filled(rows, 0);
  std::vector<NewSynapse> drawn;
  for (int t = first; t < first + targets; ++t) {
    if (interrupted()) throw Interrupted("stopped");
    drawn.clear();
    connector.synapses(t, drawn);
    for (const NewSynapse& s : drawn) ++filled[s.source * delays_ + class_of[s.delay]];
    synapses_ += drawn.size();
  }
  out_degree_.assign(static_cast<std::size_t>(sources), 0);
  for (std::size_t r = 0; r < rows; ++r) out_degree_[r / delays_] += filled[r];
  rows_ = LargeArray((rows + 1) * sizeof(std::uint32_t));
  std::uint32_t* starts = row_starts();
  std::uint64_t chunks = 0;
  for (std::size_t r = 0; r < rows; ++r) {
    starts[r] = static_cast<std::uint32_t>(chunks);
    chunks += (filled[r] + lanes - 1) / lanes;
    filled[r] = 0;
  }
  if (chunks > std::numeric_limits<std::uint32_t>::max())
    throw Bug("a block has too many chunks of synapses");
  starts[rows] = static_cast<std::uint32_t>(chunks);
  chunks_ = LargeArray(chunks * chunk_bytes_);
  for (int t = first; t < first + targets; ++t) {
    if (interrupted()) throw Interrupted("stopped");
    drawn.clear();
    connector.synapses(t, drawn);
    for (const NewSynapse& s : drawn) {
      const std::size_t r = s.source * delays_ + class_of[s.delay];
      const std::uint32_t at_lane = filled[r]++, chunk = starts[r] + at_lane / lanes, lane = at_lane % lanes;
      reinterpret_cast<std::uint16_t*>(at(chunk))[lane] = static_cast<std::uint16_t>(2 * (t - first));
      if (shape_.own) w0(chunk)[lane] = s.weight;
    }
  }
  const auto dummy = static_cast<std::uint16_t>(2 * dummy_target(targets));
  for (std::size_t r = 0; r < rows; ++r)
    for (std::uint32_t i = filled[r]; i < (starts[r + 1] - starts[r]) * lanes; ++i)
      reinterpret_cast<std::uint16_t*>(at(starts[r] + i / lanes))[i % lanes] = dummy;
}

Bundle::Drawn::Drawn(const Bundle& bundle, const Connector& connector)
    : bundle_(&bundle),
      connector_(&connector),
      target_(bundle.first_),
      class_of_(classes_of(connector)),
      filled_(bundle.rows_.bytes() / sizeof(std::uint32_t) - 1, 0) {}

std::span<const Bundle::Drawn::Slot> Bundle::Drawn::next() {
  drawn_.clear();
  slots_.clear();
  connector_->synapses(target_++, drawn_);
  const int lanes = bundle_->shape_.lanes;
  for (const NewSynapse& s : drawn_) {
    const std::size_t r = s.source * bundle_->delays_ + class_of_[s.delay];
    const auto at = static_cast<int>(filled_[r]++);
    slots_.push_back({bundle_->row_starts()[r] + static_cast<std::uint32_t>(at / lanes), at % lanes});
  }
  return slots_;
}

}  // namespace labile
