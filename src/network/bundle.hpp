/// The synapses of one projection onto one block of targets: rows by source and delay, in chunks.
#pragma once

#include "network/connect.hpp"
#include "network/memory.hpp"
#include "plasticity/row_kernel.hpp"

namespace labile {

/// Targets a block may have at most: row indices are 16 bits of twice the target.
inline constexpr int kBlockMost = 32000;

class Bundle {
 public:
  /// Draws and stores the synapses onto targets first .. first + targets - 1.
  Bundle(const Connector& connector, const RowShape& shape, int sources, int first, int targets);

  struct Row {
    std::uint32_t begin = 0, chunks = 0;
  };
  /// The row of a source with the delays()[k]-th delay.
  [[nodiscard]] Row row(std::uint32_t source, std::size_t k) const {
    const std::uint32_t* r = row_starts() + source * delays_ + k;
    return {r[0], r[1] - r[0]};
  }
  [[nodiscard]] std::byte* at(std::uint32_t chunk) const { return chunks_.data() + chunk * chunk_bytes_; }
  [[nodiscard]] const RowShape& shape() const { return shape_; }
  [[nodiscard]] std::size_t chunk_bytes() const { return chunk_bytes_; }
  [[nodiscard]] std::size_t synapses() const { return synapses_; }
  /// Synapses of each source here; emptied by the call.
  [[nodiscard]] std::vector<std::uint32_t> take_out_degrees() { return std::move(out_degree_); }
  [[nodiscard]] std::size_t bytes() const { return chunks_.bytes() + rows_.bytes(); }

  /// Where synapses lie, target by target, in the order in which they were drawn: the one order that does not depend on
  /// how targets are cut into blocks. Ask for targets (of the population) in ascending order, none left out.
  class Drawn {
   public:
    Drawn(const Bundle& bundle, const Connector& connector);
    struct Slot {
      std::uint32_t chunk;
      int lane;
    };
    [[nodiscard]] std::span<const Slot> next();

   private:
    const Bundle* bundle_;
    const Connector* connector_;
    int target_;
    std::vector<std::uint16_t> class_of_;  // [delay]
    std::vector<std::uint32_t> filled_;    // [row]
    std::vector<NewSynapse> drawn_;
    std::vector<Slot> slots_;
  };

  /// Fields of a lane, for readers and the slow clock.
  [[nodiscard]] int target(std::uint32_t chunk, int lane) const {  // -1: padding
    const int t = reinterpret_cast<const std::uint16_t*>(at(chunk))[lane] / 2;
    return t < targets_ ? t : -1;
  }
  [[nodiscard]] float* dw(std::uint32_t chunk) const {
    return reinterpret_cast<float*>(at(chunk) + shape_.dw_at());
  }
  [[nodiscard]] float* e(std::uint32_t chunk) const {
    return reinterpret_cast<float*>(at(chunk) + shape_.e_at());
  }
  [[nodiscard]] float* z(std::uint32_t chunk) const {
    return reinterpret_cast<float*>(at(chunk) + shape_.z_at());
  }
  [[nodiscard]] float* w0(std::uint32_t chunk) const {
    return reinterpret_cast<float*>(at(chunk) + shape_.w0_at());
  }

 private:
  [[nodiscard]] std::uint32_t* row_starts() const { return reinterpret_cast<std::uint32_t*>(rows_.data()); }
  RowShape shape_;
  std::size_t delays_, chunk_bytes_, synapses_ = 0;
  int first_, targets_;
  std::vector<std::uint32_t> out_degree_;
  LargeArray rows_;  // u32 [source x delay + 1] first chunk
  LargeArray chunks_;
};

}  // namespace labile
