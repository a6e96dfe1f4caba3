/// Checkpoints: a run that is stopped and taken up again ends with the same bits, and one that does not fit is refused.
#include <gtest/gtest.h>
#include <hdf5.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "core/output_file.hpp"
#include "core/parallel.hpp"
#include "record/traces.hpp"
#include "run/single_network.hpp"

namespace labile {
namespace {
namespace fs = std::filesystem;

class Folder {
 public:
  Folder() { fs::create_directories(path); }
  ~Folder() { fs::remove_all(path); }
  fs::path path = fs::temp_directory_path() / ("labile_checkpoint_" + std::to_string(::getpid()));
};

NetworkCard every_part(const std::vector<Override>& overrides = {}) {
  const fs::path file = fs::path(LABILE_SOURCE_DIR) / "tests/distributed/every_part.toml";
  return parse_network_card(read_file(file), file.string(), file.parent_path(), overrides);
}
const Network::Identity kIdentity{{"card", "every part"}, {"version", "0"}};

std::map<std::string, std::vector<double>> arrays_of(const fs::path& file) {
  const hid_t f = H5Fopen(file.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  std::map<std::string, std::vector<double>> r;
  H5Ovisit2(
      f, H5_INDEX_NAME, H5_ITER_INC,
      [](hid_t root, const char* name, const H5O_info_t* info, void* out) -> herr_t {
        if (info->type != H5O_TYPE_DATASET) return 0;
        const hid_t set = H5Dopen2(root, name, H5P_DEFAULT), space = H5Dget_space(set);
        auto& values = (*static_cast<std::map<std::string, std::vector<double>>*>(out))[name];
        values.resize(static_cast<std::size_t>(H5Sget_simple_extent_npoints(space)));
        H5Dread(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
        H5Sclose(space);
        H5Dclose(set);
        return 0;
      },
      &r, H5O_INFO_BASIC);
  H5Fclose(f);
  return r;
}

struct Outcome {
  SingleNetwork run;
  std::map<std::string, std::vector<double>> traces;  // every array of the file
};
void expect_same(const Outcome& a, const Outcome& b) {
  ASSERT_EQ(a.run.samples.size(), b.run.samples.size());
  for (std::size_t i = 0; i < a.run.samples.size(); ++i) {
    EXPECT_EQ(a.run.samples[i].num, b.run.samples[i].num) << "measure " << i;
    EXPECT_EQ(a.run.samples[i].den, b.run.samples[i].den) << "measure " << i;
  }
  for (std::size_t p = 0; p < a.run.summary.populations.size(); ++p)
    EXPECT_EQ(a.run.summary.populations[p].rate_hz, b.run.summary.populations[p].rate_hz);
  for (std::size_t p = 0; p < a.run.summary.projections.size(); ++p) {
    EXPECT_EQ(a.run.summary.projections[p].after.mean, b.run.summary.projections[p].after.mean) << p;
    EXPECT_EQ(a.run.summary.projections[p].after.sd, b.run.summary.projections[p].after.sd) << p;
  }
  for (std::size_t t = 0; t < a.run.summary.traces.size(); ++t)
    EXPECT_EQ(a.run.summary.traces[t].value(), b.run.summary.traces[t].value()) << t;
  EXPECT_EQ(a.run.summary.events, b.run.summary.events);
  EXPECT_GE(a.traces.size(), 14U);
  ASSERT_EQ(a.traces.size(), b.traces.size());
  for (const auto& [path, values] : a.traces) EXPECT_TRUE(values == b.traces.at(path)) << path;
}

/// Runs to the end, stopped whenever its share done passes one of `stops`; every time a new process would go on.
Outcome run_with_stops(const NetworkCard& card, const fs::path& folder, const std::vector<double>& stops,
                       double every_s = 1e9) {
  Outcome r;
  std::size_t next = 0;
  fs::create_directories(folder);
  const fs::path file = folder / "traces.h5";
  for (bool done = false; !done;) {
    RunCheckpoints checkpoints(folder / "checkpoints", kIdentity, every_s, Ranks::alone());
    Traces traces(file);
    SingleOptions options{.threads = 1 + static_cast<int>(next % 2),
                          .record = true,
                          .traces = &traces,
                          .checkpoints = &checkpoints};
    options.report = [&](double share, double, double) {
      if (next < stops.size() && share >= stops[next]) {
        ++next;
        request_interrupt();
      }
    };
    try {
      r.run = run_single_network(card, card.conditions.front(), card.seed, options);
      traces.commit();
      done = true;
    } catch (const Interrupted&) {
      clear_interrupt();
      EXPECT_TRUE(checkpoints.newest());
    }
  }
  EXPECT_EQ(next, stops.size());
  r.traces = arrays_of(file);
  return r;
}

TEST(Checkpoint, AStoppedRunEndsWithTheSameBits) {
  const NetworkCard card = every_part();
  Folder a;
  const Outcome whole = run_with_stops(card, a.path / "whole", {});
  EXPECT_GT(whole.run.summary.projections[0].after.sd, 0);
  expect_same(whole, run_with_stops(card, a.path / "once", {0.437}));
  expect_same(whole, run_with_stops(card, a.path / "often", {0.05, 0.2, 0.21, 0.33, 0.5, 0.66, 0.7, 0.95}));
  // Written and not needed: a checkpoint changes nothing.
  expect_same(whole, run_with_stops(card, a.path / "written", {}, 0));
}

TEST(Checkpoint, WhatDoesNotFitIsRefusedInWords) {
  const NetworkCard card = every_part();
  const NetworkSpec& spec = card.conditions.front().network;
  Folder f;
  const fs::path saved = f.path / "saved";
  fs::create_directories(saved);
  Network net(spec, card.seed);
  net.run(20);
  net.save(saved, kIdentity);
  const auto refusal = [&](const fs::path& folder, const Network::Identity& identity, const NetworkSpec& of) {
    try {
      Network other(of, card.seed);
      other.load(folder, identity);
    } catch (const Error& e) {
      return std::string(e.what());
    }
    return std::string("taken");
  };
  const auto has = [](const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  };
  EXPECT_EQ(refusal(saved, kIdentity, spec), "taken");
  EXPECT_TRUE(has(refusal(saved, {{"card", "other"}, {"version", "0"}}, spec),
                  "of another card: every part, here other"));
  EXPECT_TRUE(
      has(refusal(saved, {{"card", "every part"}, {"version", "1"}}, spec), "of another version: 0, here 1"));
  EXPECT_TRUE(has(refusal(f.path / "none", kIdentity, spec), "no such folder"));
  EXPECT_TRUE(has(refusal(f.path, kIdentity, spec), "no part of a checkpoint"));
  // The part of a rank is missing.
  const fs::path torn = f.path / "torn";
  fs::create_directories(torn);
  fs::copy(saved / "part_0_of_1.h5", torn / "part_1_of_2.h5");
  EXPECT_TRUE(has(refusal(torn, kIdentity, spec), "the part of rank 0 of 2 is missing"));
  // A network of another shape whose identity claims to be the same.
  const auto larger = every_part({{"population.E.size", "310"}}).conditions.front().network;
  EXPECT_TRUE(has(refusal(saved, kIdentity, larger), "of another shape"));
  // Cut in half.
  const std::string bytes = read_file(saved / "part_0_of_1.h5");
  std::ofstream(saved / "part_0_of_1.h5", std::ios::binary) << bytes.substr(0, bytes.size() / 2);
  EXPECT_TRUE(has(refusal(saved, kIdentity, spec), "part_0_of_1.h5"));
  EXPECT_FALSE(has(refusal(saved, kIdentity, spec), "taken"));
}

TEST(Checkpoint, WhatCannotBeWrittenLeavesTheOneBefore) {
  const NetworkCard card = every_part();
  Folder f;
  Network net(card.conditions.front().network, card.seed);
  RunCheckpoints checkpoints(f.path / "run", kIdentity, 600, Ranks::alone());
  net.run(5);
  checkpoints.write(net.now(), [&](const fs::path& to) { net.save(to, kIdentity); });
  const auto first = checkpoints.newest();
  ASSERT_TRUE(first);
  net.run(5);
  EXPECT_THROW(checkpoints.write(net.now(), [&](const fs::path& to) { net.save(to / "nowhere", kIdentity); }),
               Error);
  EXPECT_EQ(checkpoints.newest(), first);
  checkpoints.write(net.now(), [&](const fs::path& to) { net.save(to, kIdentity); });
  EXPECT_NE(checkpoints.newest(), first);
  EXPECT_FALSE(fs::exists(*first));
  EXPECT_EQ(std::distance(fs::directory_iterator(f.path / "run"), fs::directory_iterator()), 1);
}

}  // namespace
}  // namespace labile
