/// Work shared out: every piece once, results in their place, the lowest failure, and going on from what was kept.
#include "core/share.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <numeric>

#include "core/archive.hpp"
#include "core/error.hpp"
#include "core/output_file.hpp"
#include "core/parallel.hpp"
#include "core/ranks.hpp"
#include "run/run_index.hpp"

namespace labile {
namespace {
namespace fs = std::filesystem;

/// A store in memory that wants everything.
struct Memory : ResultStore {
  std::map<std::pair<int, int>, std::vector<std::byte>> kept;
  std::vector<PieceDone> done;
  int refuse_after = 1 << 30, flushed = 0;
  void find(int phase, const std::function<void(int, std::span<const std::byte>)>& take) override {
    for (const auto& [at, bytes] : kept)
      if (at.first == phase) take(at.second, bytes);
  }
  bool wanted() override { return true; }
  void keep(const PieceDone& d, std::span<const std::byte> result) override {
    if (static_cast<int>(done.size()) >= refuse_after) throw Error("the store is full");
    done.push_back(d);
    if (!result.empty()) kept[{d.phase, d.number}].assign(result.begin(), result.end());
  }
  void flush() override { ++flushed; }
};

/// n pieces that put i * i into their place, after so long that they are worth keeping.
struct Squares {
  std::vector<double> at;
  std::atomic<int> worked{0};
  Pieces pieces;
  explicit Squares(int n, int fails_from = 1 << 30) : at(static_cast<std::size_t>(n), -1) {
    pieces.n = n;
    pieces.work = [this, fails_from](int i) {
      ++worked;
      const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(50);
      while (std::chrono::steady_clock::now() < until) {
      }
      if (i >= fails_from) throw Error("piece " + std::to_string(i) + " fails");
      at[static_cast<std::size_t>(i)] = i * i;
    };
    pieces.keep = [this](int i, Archive& a) { a(at[static_cast<std::size_t>(i)]); };
    pieces.label = [](int i) { return "square of " + std::to_string(i); };
  }
  [[nodiscard]] bool right() const {
    for (std::size_t i = 0; i < at.size(); ++i)
      if (at[i] != static_cast<double>(i * i)) return false;
    return true;
  }
};

struct Folder {
  fs::path path = fs::temp_directory_path() / ("labile_share_" + std::to_string(getpid()));
  Folder() {
    fs::remove_all(path);
    fs::create_directories(path);
  }
  ~Folder() { fs::remove_all(path); }
};

std::string message_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const std::exception& e) {
    return e.what();
  }
  return "nothing was thrown";
}

TEST(Share, EveryPieceIsDoneOnceForAnyNumberOfThreadsWithAndWithoutAStore) {
  for (const int threads : {1, 2, 7})
    for (const bool stored : {false, true}) {
      Memory store;
      Squares s(300);
      Sharing(threads, Ranks::alone(), stored ? &store : nullptr)(s.pieces);
      EXPECT_TRUE(s.right());
      EXPECT_EQ(s.worked, 300);
      EXPECT_EQ(store.done.size(), stored ? 300u : 0u);
    }
}

TEST(Share, NoPiecesAreNoWork) {
  Memory store;
  Squares s(0);
  Sharing(2, Ranks::alone(), &store)(s.pieces);
  Sharing(2)(s.pieces);
  EXPECT_EQ(s.worked, 0);
}

TEST(Share, TheLowestPieceThatFailsIsTheOneThatIsThrown) {
  for (const bool stored : {false, true})
    for (int round = 0; round < 20; ++round) {
      Memory store;
      Squares s(200, 40);
      EXPECT_EQ(message_of([&] { Sharing(4, Ranks::alone(), stored ? &store : nullptr)(s.pieces); }),
                "piece 40 fails");
      EXPECT_LT(s.worked, 100);
    }
}

TEST(Share, AnInterruptStopsItAndWhatIsFinishedIsKept) {
  Memory store;
  Squares s(2000);
  s.pieces.finished = [&](int) {
    if (store.done.size() > 100) request_interrupt();
  };
  EXPECT_THROW(Sharing(2, Ranks::alone(), &store)(s.pieces), Interrupted);
  clear_interrupt();
  EXPECT_GT(store.done.size(), 100u);
  EXPECT_LT(s.worked, 2000);
  EXPECT_GT(store.flushed, 0);
}

TEST(Share, WhatWasKeptIsNotWorkedOnAgain) {
  Memory store;
  Squares first(100), second(60);
  {
    Sharing share(2, Ranks::alone(), &store);
    share(first.pieces);
    share(second.pieces);
  }
  ASSERT_EQ(store.kept.size(), 160u);
  std::erase_if(store.kept, [](const auto& k) { return k.first.first == 1 && k.first.second % 3 == 0; });
  Squares again(100), rest(60);
  std::vector<int> told;
  rest.pieces.finished = [&](int i) { told.push_back(i); };
  Sharing share(2, Ranks::alone(), &store);
  share(again.pieces);
  share(rest.pieces);
  EXPECT_EQ(again.worked, 0);
  EXPECT_EQ(rest.worked, 20);
  EXPECT_TRUE(again.right());
  EXPECT_TRUE(rest.right());
  std::sort(told.begin(), told.end());
  std::vector<int> all(60);
  std::iota(all.begin(), all.end(), 0);
  EXPECT_EQ(told, all);
}

TEST(Share, AStoreThatRefusesStopsTheWorkInItsWords) {
  Memory store;
  store.refuse_after = 10;
  Squares s(3000);
  EXPECT_EQ(message_of([&] { Sharing(2, Ranks::alone(), &store)(s.pieces); }), "the store is full");
}

TEST(Share, ResultsOfAnotherShapeAreRefused) {
  Memory store;
  store.kept[{0, 3}] = std::vector<std::byte>(5);
  Squares s(10);
  EXPECT_NE(message_of([&] { Sharing(1, Ranks::alone(), &store)(s.pieces); }).find("ends early"),
            std::string::npos);
  store.kept = {{{0, 30}, std::vector<std::byte>(8)}};
  EXPECT_NE(message_of([&] { Sharing(1, Ranks::alone(), &store)(s.pieces); }).find("other pieces"),
            std::string::npos);
}

TEST(Share, PiecesOfRankZeroAloneAreNotKept) {
  Memory store;
  Squares s(20);
  s.pieces.only_first = [](int i) { return i % 5 == 0; };
  Sharing(2, Ranks::alone(), &store)(s.pieces);
  EXPECT_TRUE(s.right());
  EXPECT_EQ(store.kept.size(), 16u);
  EXPECT_FALSE(store.kept.contains({0, 5}));
}

TEST(Share, WhatIsFasterWorkedOutThanReadIsOnlyRecorded) {
  Memory store;
  std::vector<std::vector<double>> big(4);
  Pieces p;
  p.n = 4;
  p.work = [&](int i) { big[static_cast<std::size_t>(i)].assign(1 << 18, i); };
  p.keep = [&](int i, Archive& a) { a(big[static_cast<std::size_t>(i)]); };
  Sharing(1, Ranks::alone(), &store)(p);
  EXPECT_EQ(store.done.size(), 4u);
  EXPECT_EQ(store.kept.size(), 0u);
}

TEST(RunIndex, GoesOnFromWhatWasKeptAndDropsItWhenTheRunIsComplete) {
  Folder folder;
  {
    RunIndex index(folder.path, {{"card", "text"}}, 0);
    Squares s(50);
    Sharing(2, Ranks::alone(), &index)(s.pieces);
    index.flush();
  }
  {
    RunIndex index(folder.path);
    EXPECT_EQ(index.facts().at("card"), "text");
    EXPECT_NO_THROW(check_build(index, folder.path));
    EXPECT_FALSE(index.complete());
    Squares s(50);
    Sharing(2, Ranks::alone(), &index)(s.pieces);
    EXPECT_EQ(s.worked, 0);
    EXPECT_TRUE(s.right());
    index.finish();
  }
  RunIndex index(folder.path);
  EXPECT_TRUE(index.complete());
  int found = 0;
  index.find(0, [&](int, std::span<const std::byte>) { ++found; });
  EXPECT_EQ(found, 0);
}

TEST(RunIndex, IsNotMadeForAShortRunAndTakesAnOlderOneAway) {
  Folder folder;
  std::ofstream(folder.path / "run.sqlite") << "of another run";
  RunIndex index(folder.path, {}, 1000);
  Squares s(5);
  Sharing(1, Ranks::alone(), &index)(s.pieces);
  EXPECT_FALSE(index.made());
  index.finish();
  EXPECT_FALSE(fs::exists(folder.path / "run.sqlite"));
}

TEST(RunIndex, RefusesWhatItCannotGoOnFromInWords) {
  Folder folder;
  const auto refusal = [](const fs::path& at) { return message_of([&] { RunIndex index(at); }); };
  EXPECT_NE(refusal(folder.path / "nowhere").find("no such folder"), std::string::npos);
  EXPECT_NE(refusal(folder.path).find("the folder is empty"), std::string::npos);
  std::ofstream(folder.path / "results.json") << "{}";
  EXPECT_NE(refusal(folder.path).find("results.json"), std::string::npos);
  std::ofstream(folder.path / "run.sqlite") << std::string(5000, 'x');
  EXPECT_NE(refusal(folder.path).find("is damaged"), std::string::npos);
  std::ofstream(folder.path / "run.sqlite", std::ios::trunc);
  EXPECT_NE(refusal(folder.path).find("run the card anew"), std::string::npos);
}

TEST(RunIndex, TwoProcessesDoNotWriteOne) {
  Folder folder;
  RunIndex index(folder.path, {}, 0);
  index.keep({}, {});
  EXPECT_NE(message_of([&] { RunIndex other(folder.path); }).find("another run is at work"),
            std::string::npos);
  EXPECT_NE(message_of([&] {
              RunIndex other(folder.path, {}, 0);
              other.keep({}, {});
            }).find("another run is at work"),
            std::string::npos);
}

TEST(RunIndex, AnotherBuildIsRefused) {
  Folder folder;
  {
    RunIndex index(folder.path, {{"program", "0123"}}, 0);
    index.keep({}, {});
    index.flush();
  }
  EXPECT_NE(message_of([&] { check_build(RunIndex(folder.path), folder.path); }).find("another build"),
            std::string::npos);
}

}  // namespace
}  // namespace labile
