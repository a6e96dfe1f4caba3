#include "run/run_index.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <system_error>
#include <vector>

#include "card/card.hpp"
#include "core/error.hpp"
#include "core/output_file.hpp"

namespace labile {
namespace fs = std::filesystem;

namespace {
constexpr const char* kName = "run.sqlite";
constexpr double kFlushEvery = 0.5;  // seconds: what a kill can cost

double now_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}
std::string utc(double seconds) {
  const auto t = static_cast<std::time_t>(seconds);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", std::gmtime(&t));
  return text;
}
double wait_of(double standard) {
  const char* text = std::getenv("LABILE_INDEX_AFTER_S");
  if (text == nullptr || *text == 0) return standard;
  char* end = nullptr;
  const double s = std::strtod(text, &end);
  if (*end != 0 || !(s >= 0))
    throw Error(fmt::format(
        "LABILE_INDEX_AFTER_S is '{}'; give seconds, 0 or more, after which a run keeps an index", text));
  return s;
}
}  // namespace

/// The connection, and what went wrong in words.
struct RunIndex::Database {
  fs::path file;
  sqlite3* db = nullptr;
  sqlite3_stmt* insert = nullptr;
  bool writing = false;  // within a transaction

  explicit Database(fs::path path) : file(std::move(path)) {
    check(sqlite3_open_v2(file.c_str(), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                          nullptr));
    // One process at a time; a rollback journal, because shared memory does not reach over network file systems.
    run("PRAGMA locking_mode = EXCLUSIVE");
  }
  ~Database() {
    sqlite3_finalize(insert);
    sqlite3_close(db);
  }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  void check(int code) const {
    if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE) return;
    const std::string why = db ? sqlite3_errmsg(db) : sqlite3_errstr(code);
    switch (code & 0xFF) {
      case SQLITE_NOTADB:
      case SQLITE_CORRUPT:
        throw Error(fmt::format("{}: is damaged ({})", file.string(), why));
      case SQLITE_ERROR:
        throw Error(fmt::format("{}: is no index of a run ({})", file.string(), why));
      case SQLITE_BUSY:
      case SQLITE_LOCKED:
        throw Error(fmt::format(
            "{}: another run is at work in this folder; wait for it, or give another --out", file.string()));
      case SQLITE_FULL:
        throw Error(
            fmt::format("{}: cannot write: no room left on the disk{}", file.string(),
                        insert ? "; make room, and go on from what is finished with labile run --resume " +
                                     file.parent_path().string()
                               : ""));
      case SQLITE_READONLY:
      case SQLITE_CANTOPEN:
      case SQLITE_PERM:
        throw Error(fmt::format("{}: cannot write: {}{}", file.string(), why, system_reason()));
      default:
        throw Error(fmt::format("{}: cannot read or write: {}{}", file.string(), why, system_reason()));
    }
  }
  [[nodiscard]] std::string system_reason() const {
    const int e = db ? sqlite3_system_errno(db) : 0;
    return e != 0 ? fmt::format(" ({})", std::generic_category().message(e)) : "";
  }
  void run(const char* sql) const { check(sqlite3_exec(db, sql, nullptr, nullptr, nullptr)); }
  [[nodiscard]] sqlite3_stmt* prepare(const char* sql) const {
    sqlite3_stmt* s = nullptr;
    check(sqlite3_prepare_v2(db, sql, -1, &s, nullptr));
    return s;
  }
  /// Steps through all rows and lets go of the statement, whatever `row` throws.
  template <class Row>
  void each(sqlite3_stmt* s, Row row) const {
    struct Hold {
      sqlite3_stmt* s;
      ~Hold() { sqlite3_finalize(s); }
    } hold{s};
    int code = sqlite3_step(s);
    for (; code == SQLITE_ROW; code = sqlite3_step(s)) row(s);
    check(code);
  }
  void begin() {
    if (!writing) run("BEGIN IMMEDIATE");
    writing = true;
  }
  void commit() {
    if (!writing) return;
    run("COMMIT");
    writing = false;
  }
  void set(const std::string& key, const std::string& value) const {
    sqlite3_stmt* s = prepare("INSERT OR REPLACE INTO run VALUES (?, ?)");
    sqlite3_bind_text(s, 1, key.data(), static_cast<int>(key.size()), SQLITE_TRANSIENT);
    sqlite3_bind_text(s, 2, value.data(), static_cast<int>(value.size()), SQLITE_TRANSIENT);
    each(s, [](sqlite3_stmt*) {});
  }
};

RunIndex::RunIndex(fs::path folder, RunFacts facts, double after_s)
    : file_(std::move(folder) / kName), facts_(std::move(facts)), wanted_at_(now_s() + wait_of(after_s)) {}

RunIndex::RunIndex(fs::path folder) : file_(folder / kName) {
  std::error_code ec;
  if (!fs::is_directory(folder, ec))
    throw Error(fmt::format("--resume {}: {}; give the folder that the run was to write (--out)",
                            folder.string(),
                            ec && ec != std::errc::no_such_file_or_directory ? ec.message()
                            : fs::exists(folder, ec)                         ? "is not a folder"
                                                                             : "no such folder"));
  if (!fs::exists(file_, ec)) {
    std::vector<std::string> found;
    for (const auto& e : fs::directory_iterator(folder, ec)) found.push_back(e.path().filename().string());
    std::sort(found.begin(), found.end());
    std::string list;
    for (std::size_t i = 0; i < found.size() && i < 5; ++i) list += (i ? ", " : "") + found[i];
    if (found.size() > 5) list += ", ...";
    throw Error(fmt::format(
        "--resume {}: there is nothing to go on from: no {}, {}", folder.string(), kName,
        ec              ? "and the folder cannot be read (" + ec.message() + ")"
        : found.empty() ? std::string("the folder is empty")
                        : "only " + list + "; runs that end within seconds keep none, and need none"));
  }
  try {
    db_ = std::make_unique<Database>(file_);
    sqlite3_busy_timeout(db_->db, 2000);  // ms: processes of a killed launch may still be about to end
    db_->begin();                         // takes the lock, and undoes what a kill left half written
    const auto text = [](sqlite3_stmt* s, int column) {
      const auto* t = reinterpret_cast<const char*>(sqlite3_column_text(s, column));
      return std::string(t ? t : "", static_cast<std::size_t>(sqlite3_column_bytes(s, column)));
    };
    std::string damage;
    db_->each(db_->prepare("PRAGMA quick_check(1)"), [&](sqlite3_stmt* s) { damage = text(s, 0); });
    if (damage != "ok") throw Error(fmt::format("{}: is damaged ({})", file_.string(), damage));
    db_->each(db_->prepare("SELECT key, value FROM run"),
              [&](sqlite3_stmt* s) { facts_[text(s, 0)] = text(s, 1); });
    db_->each(db_->prepare("SELECT phase, number, result FROM work LIMIT 1"), [](sqlite3_stmt*) {});
    db_->commit();
  } catch (const Error& e) {
    const std::string why = e.what();
    throw Error(why.find("another run is at work") != std::string::npos
                    ? why
                    : fmt::format("--resume {}: {}{}", folder.string(), why,
                                  why.find("cannot") == std::string::npos ? "; run the card anew" : ""));
  }
  flushed_ = now_s();
}

RunIndex::~RunIndex() = default;

bool RunIndex::complete() const {
  const auto it = facts_.find("state");
  return it != facts_.end() && it->second == "complete";
}

void RunIndex::make() {
  // Whole or not at all: made under another name.
  fs::path part = file_;
  part += ".part";
  std::error_code ignored;
  try {
    if (fs::exists(file_, ignored)) {  // is an older run in this folder still at work?
      bool damaged = false;
      try {
        Database(file_).begin();
      } catch (const Error& e) {
        damaged = std::string(e.what()).find("is damaged") != std::string::npos;
        if (!damaged) throw;
      }
    }
    fs::remove(part, ignored);
    {
      Database db(part);
      db.run("PRAGMA auto_vacuum = FULL");
      db.begin();
      db.run("CREATE TABLE run (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID");
      db.run(
          "CREATE TABLE work (phase INTEGER, number INTEGER, label TEXT, seconds REAL, rank INTEGER, host "
          "TEXT, "
          "finished TEXT, result BLOB, PRIMARY KEY (phase, number))");
      facts_.merge(build_facts());
      facts_["state"] = "running";
      for (const auto& [key, value] : facts_) db.set(key, value);
      db.commit();
    }
    // A journal of the older file would be taken for the new one's.
    fs::remove(file_.string() + "-journal", ignored);
    std::error_code ec;
    fs::rename(part, file_, ec);
    if (ec) throw Error(fmt::format("{}: cannot write: {}", file_.string(), ec.message()));
    db_ = std::make_unique<Database>(file_);
    db_->begin();  // and with that the lock, which is kept
    db_->set("state", "running");
    db_->commit();
  } catch (const Error&) {
    db_.reset();
    for (const char* more : {"", "-journal"}) fs::remove(part.string() + more, ignored);
    throw;
  }
}

bool RunIndex::wanted() {
  const std::lock_guard held(lock_);
  if (!db_ && now_s() >= wanted_at_) make();
  return db_ != nullptr;
}
void RunIndex::ensure() {
  const std::lock_guard held(lock_);
  if (!db_) make();
}

void RunIndex::find(int phase, const std::function<void(int, std::span<const std::byte>)>& take) {
  const std::lock_guard held(lock_);
  if (!db_) return;
  sqlite3_stmt* s =
      db_->prepare("SELECT number, result FROM work WHERE phase = ? AND result IS NOT NULL ORDER BY number");
  sqlite3_bind_int(s, 1, phase);
  db_->each(s, [&](sqlite3_stmt* row) {
    const auto* at = static_cast<const std::byte*>(sqlite3_column_blob(row, 1));
    take(sqlite3_column_int(row, 0), {at, static_cast<std::size_t>(sqlite3_column_bytes(row, 1))});
  });
}

void RunIndex::keep(const PieceDone& d, std::span<const std::byte> result) {
  const std::lock_guard held(lock_);
  if (!db_) make();
  constexpr std::size_t kLargest =
      900'000'000;  // SQLite takes a thousand million; what is larger is worked out again
  if (!db_->insert) db_->insert = db_->prepare("INSERT OR REPLACE INTO work VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
  db_->begin();
  sqlite3_stmt* s = db_->insert;
  const auto bind = [&](int column, const std::string& text) {
    sqlite3_bind_text(s, column, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
  };
  sqlite3_bind_int(s, 1, d.phase);
  sqlite3_bind_int(s, 2, d.number);
  bind(3, d.label);
  sqlite3_bind_double(s, 4, d.seconds);
  sqlite3_bind_int(s, 5, d.rank);
  bind(6, d.host);
  bind(7, utc(d.finished));
  if (result.empty() || result.size() > kLargest)
    sqlite3_bind_null(s, 8);
  else
    sqlite3_bind_blob(s, 8, result.data(), static_cast<int>(result.size()), SQLITE_STATIC);
  const int code = sqlite3_step(s);
  sqlite3_reset(s);
  sqlite3_clear_bindings(s);
  db_->check(code);
  if (now_s() - flushed_ > kFlushEvery) flush();
}

void RunIndex::flush() {
  const std::lock_guard held(lock_);
  if (!db_) return;
  db_->commit();
  flushed_ = now_s();
}

void RunIndex::finish() {
  if (!db_) {
    std::error_code ignored;
    for (const char* more : {"", "-journal"}) fs::remove(file_.string() + more, ignored);
    return;
  }
  db_->begin();
  db_->run("UPDATE work SET result = NULL WHERE result IS NOT NULL");
  facts_["state"] = "complete";
  db_->set("state", "complete");
  db_->set("finished", utc(static_cast<double>(std::time(nullptr))));
  db_->commit();
}

RunFacts build_facts() {
  return {{"version", LABILE_VERSION},
          {"build", fmt::format("{}, {}, {}", LABILE_BUILD, LABILE_COMPILER, LABILE_FLAGS)},
          {"program", text_hash(read_file("/proc/self/exe"))}};
}

void check_build(const RunIndex& index, const fs::path& folder) {
  const auto of = [&](const std::string& key) {
    const auto it = index.facts().find(key);
    return it == index.facts().end() ? std::string("unknown") : it->second;
  };
  for (const auto& [key, value] : build_facts())
    if (of(key) != value)
      throw Error(fmt::format(
          "--resume {}: the run was begun by {} Labile: its {} is {}, this one's is {}. Results of two "
          "builds are not mixed: go on with that one, or run the card anew",
          folder.string(), key == "version" ? "another version of" : "another build of", key, of(key),
          value));
}

std::string hashes_of(const std::vector<fs::path>& files) {
  std::string r;
  std::error_code ignored;
  for (const auto& f : files)
    if (fs::is_regular_file(f, ignored))
      r += fmt::format("{} {}\n", text_hash(read_file(f)), f.filename().string());
  return r;
}

}  // namespace labile
