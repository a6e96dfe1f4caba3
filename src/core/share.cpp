#include "core/share.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>

#include "core/archive.hpp"
#include "core/error.hpp"
#include "core/parallel.hpp"
#include "core/ranks.hpp"

namespace labile {
namespace {

using Bytes = std::vector<std::byte>;

double now_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// An exception as it goes from rank to rank.
struct Failure {
  enum class Kind : std::uint8_t { error, placed_error, interrupted, bug, memory, other };
  int piece = -1;  // -1: of none
  Kind kind = Kind::other;
  std::string text;

  static Failure of(const std::exception_ptr& e, int piece) {
    Failure f{piece, Kind::other, "something unknown was thrown"};
    try {
      std::rethrow_exception(e);
    } catch (const Error& x) {
      f = {piece, x.placed() ? Kind::placed_error : Kind::error, x.what()};
    } catch (const Interrupted& x) {
      f = {piece, Kind::interrupted, x.what()};
    } catch (const Bug& x) {
      f = {piece, Kind::bug, x.what()};
    } catch (const std::bad_alloc&) {
      f = {piece, Kind::memory, ""};
    } catch (const std::exception& x) {
      f = {piece, Kind::other, x.what()};
    } catch (...) {
    }
    return f;
  }
  [[noreturn]] void raise() const {
    switch (kind) {
      case Kind::error:
        throw Error(text);
      case Kind::placed_error:
        throw Error::of_place(text);
      case Kind::interrupted:
        throw Interrupted(text);
      case Kind::bug:
        throw Bug(text);
      case Kind::memory:
        throw std::bad_alloc();
      case Kind::other:
        break;
    }
    throw std::runtime_error(text);
  }
  void keep(Archive& a) { a(piece, kind, text); }
};

/// A piece that somebody has worked on.
struct Outcome {
  int i = 0;
  double seconds = 0, finished = 0;
  Bytes result;  // empty where it was not asked for
  std::optional<Failure> failure = {};
  void keep(Archive& a) { a(i, seconds, finished, result, failure); }
};

/// The computing threads of this process: they take numbers from a queue and say what became of them.
class Team {
 public:
  Team(const Pieces& p, int threads, bool pack) : pieces_(p), pack_(pack) {
    for (int t = 0; t < threads; ++t) threads_.emplace_back([this] { loop(); });
  }
  ~Team() {
    {
      const std::lock_guard lock(lock_);
      queue_.clear();
      over_ = true;
    }
    work_.notify_all();
  }
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  void add(const std::vector<int>& numbers) {
    if (numbers.empty()) return;
    {
      const std::lock_guard lock(lock_);
      queue_.insert(queue_.end(), numbers.begin(), numbers.end());
    }
    work_.notify_all();
  }
  /// Forgets what nobody has begun of the pieces above i.
  void drop_above(int i) {
    const std::lock_guard lock(lock_);
    std::erase_if(queue_, [&](int k) { return k > i; });
  }
  /// What was finished since the last call; waits up to `seconds` for the queue to run low or a failure.
  std::vector<Outcome> outcomes(double seconds) {
    std::unique_lock lock(lock_);
    news_.wait_for(lock, std::chrono::duration<double>(seconds), [&] { return low_ && !done_.empty(); });
    low_ = false;
    return std::exchange(done_, {});
  }

 private:
  void loop() {
    std::unique_lock lock(lock_);
    while (true) {
      work_.wait(lock, [&] { return over_ || !queue_.empty(); });
      if (queue_.empty()) return;
      const int i = queue_.front();
      queue_.pop_front();
      lock.unlock();
      Outcome o = one(i);
      lock.lock();
      if (o.failure) std::erase_if(queue_, [&](int k) { return k > i; });  // nobody wants them any more
      low_ = low_ || queue_.size() < threads_.size() || o.failure;
      done_.push_back(std::move(o));
      if (low_) news_.notify_one();
    }
  }
  Outcome one(int i) {
    Outcome o{i, 0, 0, {}};
    const double start = now_s();
    try {
      if (interrupted()) throw Interrupted("interrupted");
      pieces_.work(i);
      o.seconds = now_s() - start;
      if (pack_) {
        Archive out;
        pieces_.keep(i, out);
        o.result = out.take();
      }
    } catch (...) {
      o.failure = Failure::of(std::current_exception(), i);
    }
    o.finished = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    return o;
  }

  const Pieces& pieces_;
  const bool pack_;
  std::mutex lock_;
  std::condition_variable work_, news_;
  std::deque<int> queue_;
  std::vector<Outcome> done_;
  bool over_ = false, low_ = false;
  std::vector<std::jthread> threads_;
};

// What ranks say to each other about a phase, under its topic. To rank 0: kHere (its threads), kAlive, kDone (outcomes).
// From rank 0: kWork (numbers), kResults (numbers with results, for all), kOver (a failure, if any), last of all.
enum Word : std::uint8_t { kHere, kAlive, kDone, kWork, kResults, kOver };

constexpr double kAliveEvery = 1;    // seconds between signs of life
constexpr double kLookEvery = 0.25;  // seconds between looks at whether processes live
constexpr double kLong = 0.5;        // seconds of a piece that is never handed out in advance
constexpr double kBatch = 0.02;      // seconds of work that a thread holds in advance
constexpr double kLongestPause = 2e-3, kShortestPause = 1e-4;  // between looks at what others say

template <class... T>
Bytes said(Word word, T&&... x) {
  Archive out;
  out(word, x...);
  return out.take();
}

/// Reads place i out of what `whose` rank or file says, all of it.
void read_place(const Pieces& p, int i, std::span<const std::byte> result, const std::string& whose) {
  Archive in(result, whose);
  p.keep(i, in);
  in.finish();
}

/// Rank 0: hands out, collects, keeps.
class Giver {
 public:
  Giver(const Pieces& p, int threads, Ranks& ranks, ResultStore* store, int phase,
        const std::function<void(const std::string&)>& tell)
      : p_(p),
        ranks_(ranks),
        store_(store),
        phase_(phase),
        tell_(tell),
        topic_(ranks.next_topic()),
        silence_(Ranks::silence_s()),
        takers_(static_cast<std::size_t>(ranks.size())),
        done_(static_cast<std::size_t>(p.n)),
        results_(for_others() ? static_cast<std::size_t>(p.n) : 0) {
    takers_[0].threads = std::clamp(p.n, 1, std::max(1, threads));
    takers_[0].here = true;
  }

  void run() {
    {
      Team team(p_, takers_[0].threads, for_others());
      team_ = &team;
      try {
        find_kept();
        for (int i = 0; i < p_.n; ++i)
          if (!done_[at(i)]) (reserved(i) ? own_ : queue_).push_back(i);
        while (!over()) turn();
      } catch (...) {  // the store refuses
        stop(Failure::of(std::current_exception(), -1));
      }
      if (failure_) call_off();
    }
    if (failure_) failure_->raise();
    keep_waiting();
    tell_all();
  }

 private:
  /// Who takes work: this process's threads are number 0.
  struct Taker {
    bool here = false;
    int threads = 0;
    std::vector<int> holds = {};
    double heard = 0, looked = 0;  // when it last said something; when we last looked whether it lives
  };
  static std::size_t at(int i) { return static_cast<std::size_t>(i); }
  [[nodiscard]] bool for_others() const { return ranks_.size() > 1 && p_.for_all; }
  [[nodiscard]] bool reserved(int i) const { return p_.only_first && p_.only_first(i); }
  [[nodiscard]] bool over() const {
    if (failure_ && failure_->piece < 0) return true;
    if (n_done_ == p_.n) return true;
    // With a failure, what was begun below it may still fail, and the lowest counts.
    if (!failure_ || !queue_.empty() || !own_.empty()) return false;
    return std::ranges::all_of(takers_, [&](const Taker& t) {
      return std::ranges::all_of(t.holds, [&](int i) { return i > failure_->piece; });
    });
  }

  void find_kept() {
    if (!store_) return;
    store_->find(phase_, [&](int i, std::span<const std::byte> result) {
      if (i < 0 || i >= p_.n || reserved(i)) throw Error("the run that is resumed had other pieces of work");
      read_place(p_, i, result, "a result of the run that is resumed");
      there(i);
      if (for_others()) results_[at(i)].assign(result.begin(), result.end());
    });
  }
  void there(int i) {
    done_[at(i)] = 1;
    ++n_done_;
    if (p_.finished) p_.finished(i);
  }

  /// One look at everything.
  void turn() {
    bool news = false;
    while (const auto m = ranks_.receive()) {
      news = true;
      if (m->topic == topic_) hear(*m);
    }
    if (interrupted()) return stop({-1, Failure::Kind::interrupted, "interrupted"});
    feed();
    constexpr double kAlone = 0.02;
    pause_ = ranks_.size() == 1 ? kAlone : news ? kShortestPause : std::min(2 * pause_, kLongestPause);
    for (Outcome& o : team_->outcomes(pause_)) settle(0, o);
    keep_waiting();
    watch();
  }

  void hear(const Ranks::Message& m) {
    Taker& t = takers_[at(m.from)];
    t.heard = now_s();
    Archive in(m.bytes, "what a rank says");
    Word word{};
    in(word);
    if (word == kHere) {
      in(t.threads);
      t.here = true;
    } else if (word == kDone) {
      std::vector<Outcome> outcomes;
      in(outcomes);
      for (Outcome& o : outcomes) settle(m.from, o);
    }
  }

  void settle(int rank, Outcome& o) {
    std::erase(takers_[at(rank)].holds, o.i);
    if (done_[at(o.i)]) return;
    if (o.failure) {
      // Of an interrupt nobody asks which piece heard it.
      if (o.failure->kind == Failure::Kind::interrupted) o.failure->piece = -1;
      return stop(*o.failure);
    }
    if (rank > 0) read_place(p_, o.i, o.result, "a result of rank " + std::to_string(rank));
    seconds_ += o.seconds;
    ++worked_;
    if (store_ && !reserved(o.i)) {
      PieceDone d{phase_, o.i, p_.label ? p_.label(o.i) : "", o.seconds, rank, ranks_.host(rank), o.finished};
      to_keep_.push_back(std::move(d));
    }
    there(o.i);
    if (for_others()) results_[at(o.i)] = std::move(o.result);
  }

  /// What a taker may hold: a piece a thread, and more of small ones; less towards the end, so that all end together.
  [[nodiscard]] int may_hold(const Taker& t) const {
    if (ranks_.size() == 1) return p_.n;
    int all_threads = 0;
    for (const auto& x : takers_) all_threads += x.here ? x.threads : 0;
    const double mean = worked_ > 0 ? seconds_ / worked_ : kBatch;
    // One more than there are threads, so that none waits for an answer; not of pieces that somebody else could begin.
    const double ahead = mean > kLong ? 0 : std::ceil(t.threads * kBatch / std::max(mean, 1e-7));
    const double in_time = t.threads + ahead;
    const double fair = std::ceil(0.5 * static_cast<double>(queue_.size()) * t.threads / all_threads);
    return std::max(t.threads, static_cast<int>(std::min({in_time, fair, 1e6})));
  }

  void feed() {
    for (int r = 0; r < ranks_.size(); ++r) {
      Taker& t = takers_[at(r)];
      if (!t.here || ranks_.lost(r)) continue;
      const int most = may_hold(t), held = static_cast<int>(t.holds.size());
      if (held > most / 2 && held >= t.threads) continue;
      std::vector<int> given;
      while (static_cast<int>(given.size()) + held < most) {
        // What only rank 0 can do comes first there, and no more of it than there are threads.
        auto& from =
            r == 0 && !own_.empty() && static_cast<int>(given.size()) + held < t.threads ? own_ : queue_;
        if (from.empty()) break;
        given.push_back(from.front());
        from.pop_front();
      }
      if (given.empty()) continue;
      t.holds.insert(t.holds.end(), given.begin(), given.end());
      if (r == 0)
        team_->add(given);
      else
        ranks_.send(r, topic_, said(kWork, given));
      t.heard = std::max(t.heard, held == 0 ? now_s() : 0);  // silence counts from when it owes something
    }
  }

  /// Signs of life to the others, and theirs.
  void watch() {
    const double now = now_s();
    for (int r = 1; r < ranks_.size(); ++r) {
      Taker& t = takers_[at(r)];
      if (ranks_.lost(r)) continue;
      if (ranks_.left(r)) {
        // It came to its end before the others: something is wrong there alone.
        stop({-1, Failure::Kind::error,
              "rank " + std::to_string(r) + " on " + ranks_.host(r) + ": " +
                  (ranks_.complaint(r).empty() ? "ended early" : ranks_.complaint(r))});
        return;
      }
      if (now - t.looked > kLookEvery) {
        t.looked = now;
        if (ranks_.gone(r)) {
          lose(r, "has died");
          continue;
        }
      }
      if (t.here && !t.holds.empty() && now - t.heard > silence_) lose(r, "says nothing any more");
    }
  }
  void lose(int r, const char* why) {
    Taker& t = takers_[at(r)];
    ranks_.lose(r);
    std::ranges::sort(t.holds);
    queue_.insert(queue_.begin(), t.holds.begin(), t.holds.end());
    if (tell_)
      tell_("rank " + std::to_string(r) + " on " + ranks_.host(r) + " " + why + "; " +
            (t.holds.empty() ? "the others go on"
                             : std::to_string(t.holds.size()) + " piece(s) of its work go to the others"));
    t.holds.clear();
    t.here = false;
    if (failure_) stop(*failure_);
  }

  /// Nothing more is handed out, but for what may fail below.
  void stop(const Failure& f) {
    if (!failure_ || f.piece < failure_->piece) failure_ = f;
    const auto above = [&](int i) { return i > failure_->piece; };
    std::erase_if(queue_, above);
    std::erase_if(own_, above);
    team_->drop_above(failure_->piece);
    std::erase_if(takers_[0].holds, above);
  }
  /// Others hear of it, and what is finished is kept, before this process's threads have come to an end.
  void call_off() {
    for (int r = 1; r < ranks_.size(); ++r) ranks_.send(r, topic_, said(kOver, failure_));
    if (failure_->kind == Failure::Kind::interrupted) request_interrupt();
    try {
      keep_waiting();
      if (store_) store_->flush();
    } catch (const Error&) {  // the failure is said, and may be this very one
    }
  }

  /// Packs and keeps what has been finished, once the store wants it.
  void keep_waiting() {
    if (!store_ || !store_->wanted() || to_keep_.empty()) return;
    for (const PieceDone& d : to_keep_) {
      Archive out;
      if (for_others())
        store(d, results_[at(d.number)]);
      else {
        p_.keep(d.number, out);
        store(d, out.bytes());
      }
    }
    to_keep_.clear();
  }
  void store(const PieceDone& d, std::span<const std::byte> result) {
    // What is worked out as fast as it is written and read is not worth its room.
    constexpr double kBytesPerSecond = 5e7;
    const bool worth = d.seconds > static_cast<double>(result.size()) / kBytesPerSecond;
    store_->keep(d, worth ? result : std::span<const std::byte>{});
  }

  void tell_all() {
    if (ranks_.size() == 1) return;
    Bytes over = said(kOver, failure_);
    constexpr std::size_t kEnough = 1 << 22;  // bytes a message, about
    std::vector<std::pair<int, Bytes>> some;
    std::size_t bytes = 0;
    const auto send = [&] {
      for (int r = 1; r < ranks_.size() && !some.empty(); ++r) ranks_.send(r, topic_, said(kResults, some));
      some.clear();
      bytes = 0;
    };
    for (int i = 0; for_others() && i < p_.n; ++i) {
      bytes += results_[at(i)].size();
      some.emplace_back(i, std::move(results_[at(i)]));
      if (bytes > kEnough) send();
    }
    send();
    for (int r = 1; r < ranks_.size(); ++r) {
      ranks_.send(r, topic_, over);
      // Who waits for it gets it now: this thread may be busy for long before it communicates again.
      while (takers_[at(r)].here && !ranks_.lost(r) && !ranks_.gone(r) && !ranks_.delivered(r))
        std::this_thread::sleep_for(std::chrono::microseconds(100));
    }
  }

  const Pieces& p_;
  Ranks& ranks_;
  ResultStore* store_;
  const int phase_;
  const std::function<void(const std::string&)>& tell_;
  const int topic_;
  const double silence_;
  std::vector<Taker> takers_;  // [rank]
  std::vector<std::uint8_t> done_;
  std::vector<Bytes> results_;   // where others need them
  std::deque<int> queue_, own_;  // to hand out; to do here
  std::vector<PieceDone> to_keep_;
  Team* team_ = nullptr;
  std::optional<Failure> failure_;
  int n_done_ = 0, worked_ = 0;
  double seconds_ = 0, pause_ = kShortestPause;
};

/// Any other rank: works on what it is given.
void take(const Pieces& p, int threads, Ranks& ranks) {
  const int topic = ranks.next_topic();
  threads = std::clamp(p.n, 1, std::max(1, threads));
  std::optional<Failure> failure;
  {
    Team team(p, threads, true);
    ranks.send(0, topic, said(kHere, threads));
    double spoken = now_s(), pause = kShortestPause;
    for (bool over = false; !over;) {
      bool news = false;
      while (!over) {
        const auto m = ranks.receive();
        if (!m) break;
        if (m->topic != topic) continue;
        news = true;
        Archive in(m->bytes, "what rank 0 says");
        Word word{};
        in(word);
        if (word == kWork) {
          std::vector<int> numbers;
          in(numbers);
          team.add(numbers);
        } else if (word == kResults) {
          std::vector<std::pair<int, Bytes>> results;
          in(results);
          for (const auto& [i, bytes] : results) read_place(p, i, bytes, "a result of rank 0");
        } else if (word == kOver) {
          in(failure);
          over = true;
        }
      }
      if (over) break;
      ranks.check();
      if (ranks.left(0) || ranks.gone(0)) throw Error("rank 0 is not there any more");
      pause = news ? kShortestPause : std::min(2 * pause, kLongestPause);
      auto outcomes = team.outcomes(pause);
      if (!outcomes.empty()) {
        ranks.send(0, topic, said(kDone, outcomes));
        spoken = now_s();
      } else if (now_s() - spoken > kAliveEvery) {
        ranks.send(0, topic, said(kAlive));
        spoken = now_s();
      }
    }
    team.drop_above(-1);
    if (failure && failure->kind == Failure::Kind::interrupted) request_interrupt();
  }
  if (failure) failure->raise();
}

}  // namespace

Sharing::Sharing(int threads) : Sharing(threads, Ranks::alone(), nullptr) {}
Sharing::Sharing(int threads, Ranks& ranks, ResultStore* store)
    : threads_(threads), ranks_(ranks), store_(store) {}

void Sharing::operator()(const Pieces& p) {
  const int phase = phase_++, threads = p.beside > 0 ? p.beside : threads_;
  if (!ranks_.first()) return take(p, threads, ranks_);
  if (ranks_.size() > 1 || store_) return Giver(p, threads, ranks_, store_, phase, tell).run();
  std::mutex lock;
  parallel_for(p.n, threads, [&](int i) {
    p.work(i);
    if (!p.finished) return;
    const std::lock_guard held(lock);
    p.finished(i);
  });
}

void Sharing::together(const Pieces& p) {
  const int phase = phase_++;
  std::vector<std::uint8_t> done(static_cast<std::size_t>(p.n), 0);
  if (store_)
    store_->find(phase, [&](int i, std::span<const std::byte> result) {
      if (i < 0 || i >= p.n) throw Error("the run that is resumed had other pieces of work");
      Archive in(result, "a result of the run that is resumed");
      p.keep(i, in);
      done[static_cast<std::size_t>(i)] = 1;
    });
  // Rank 0 knows which are there; the others have no need of those.
  done = ranks_.gather_lists(std::span<const std::uint8_t>(done.data(), ranks_.first() ? done.size() : 0));
  for (int i = 0; i < p.n; ++i) {
    if (store_) (void)store_->wanted();
    if (!done[static_cast<std::size_t>(i)]) {
      const double start = now_s();
      p.work(i);
      if (store_) {
        Archive out;
        if (!p.only_first || !p.only_first(i)) p.keep(i, out);
        const double finished =
            std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
        if (store_->wanted()) {
          store_->keep({phase, i, p.label ? p.label(i) : "", now_s() - start, 0, ranks_.host(0), finished},
                       out.bytes());
          store_->flush();
        }
      }
    }
    if (p.finished && ranks_.first()) p.finished(i);
  }
}

}  // namespace labile
