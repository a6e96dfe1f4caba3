/// Files of draws: read back with the netCDF library, and line by line.
#include <gtest/gtest.h>
#include <netcdf.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "bayes/export_draws.hpp"
#include "learners/catalogue.hpp"
#include "record/read.hpp"
#include "run/simulate.hpp"
#include "tasks/catalogue.hpp"

namespace labile {
namespace {
namespace fs = std::filesystem;

class Files : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(folder_);
    const auto& e = find_learner("rescorla_wagner");
    const auto& task = find_task("bandit_reversal");
    Simulation play;
    play.make_task = task.make;
    play.make_agent = e.make;
    play.seed = 2;
    trials_ = simulate(play, 0, 3);
    trials_.choice[5] = -1;  // a decision that was missed
    fresh_ = fresh_flags(trials_, "none");
    std::vector<int> of;
    for (int s = 0; s < 3; ++s) {
      subjects_.push_back(subject_trials(trials_, s, fresh_));
      of.push_back(s);
    }
    options_.warmup = 60;
    options_.draws = 25;
    options_.chains = 2;
    fit_ = fit_group(e, subjects_, of, options_);
  }
  void TearDown() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  [[nodiscard]] std::span<const double> draw(std::size_t chain, std::size_t i) const {
    const auto& c = fit_.chains[chain];
    return std::span(c.q).subspan(i * static_cast<std::size_t>(c.dim), static_cast<std::size_t>(c.dim));
  }

  fs::path folder_ = fs::temp_directory_path() / ("labile_export_test_" + std::to_string(::getpid()));
  Trials trials_;
  std::vector<std::uint8_t> fresh_;
  std::vector<SubjectTrials> subjects_;
  GroupFitOptions options_;
  GroupFit fit_;
  ExportInfo info_{"rescorla_wagner", "d.csv", "0.1", {"ann", "bob", "c d"}};
};

TEST_F(Files, CmdStanHasAHeaderAndEveryDraw) {
  write_cmdstan(fit_, options_, info_, 1, folder_ / "m-2.csv");
  std::ifstream in(folder_ / "m-2.csv");
  std::string line, names;
  std::vector<std::vector<double>> rows;
  bool adapted = false;
  while (std::getline(in, line)) {
    adapted = adapted || line == "# Adaptation terminated";
    if (line.empty() || line[0] == '#') continue;
    if (names.empty()) {
      names = line;
      continue;
    }
    rows.emplace_back();
    std::stringstream cells(line);
    for (std::string cell; std::getline(cells, cell, ',');) rows.back().push_back(std::stod(cell));
  }
  EXPECT_TRUE(adapted);
  EXPECT_EQ(names,
            "lp__,accept_stat__,stepsize__,treedepth__,n_leapfrog__,divergent__,energy__,group_alpha,mu_"
            "alpha,sigma_alpha,group_beta,"
            "mu_beta,sigma_beta,alpha.1,alpha.2,alpha.3,beta.1,beta.2,beta.3");
  ASSERT_EQ(rows.size(), 25u);
  const Posterior& p = *fit_.posterior;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    ASSERT_EQ(rows[i].size(), 19u);
    const auto q = draw(1, i);
    EXPECT_EQ(rows[i][0], fit_.chains[1].lp[i]);
    EXPECT_EQ(rows[i][8], p.mu(q, 0));
    std::vector<double> row(p.model().standard.size());
    p.row(q, 2, row);
    EXPECT_EQ(rows[i][15], row[static_cast<std::size_t>(p.model().params[0].at)]);
    EXPECT_EQ(rows[i][18], row[static_cast<std::size_t>(p.model().params[1].at)]);
  }
}

TEST_F(Files, NetcdfHasItsGroupsDimensionsAndNumbers) {
  write_netcdf(fit_, options_, info_, true, folder_ / "m.nc");
  EXPECT_FALSE(fs::exists(folder_ / "m.nc.part"));
  int file = 0;
  ASSERT_EQ(nc_open((folder_ / "m.nc").c_str(), NC_NOWRITE, &file), NC_NOERR);
  const auto group = [&](const char* name) {
    int id = -1;
    EXPECT_EQ(nc_inq_grp_ncid(file, name, &id), NC_NOERR) << name;
    return id;
  };
  const auto read = [&](int id, const char* name, std::vector<std::string> dims) {
    int v = -1, n = 0, at[NC_MAX_VAR_DIMS];
    EXPECT_EQ(nc_inq_varid(id, name, &v), NC_NOERR) << name;
    EXPECT_EQ(nc_inq_var(id, v, nullptr, nullptr, &n, at, nullptr), NC_NOERR);
    std::size_t total = 1;
    std::vector<std::string> found;
    for (int i = 0; i < n; ++i) {
      char text[NC_MAX_NAME + 1];
      std::size_t length = 0;
      EXPECT_EQ(nc_inq_dim(id, at[i], text, &length), NC_NOERR);
      found.emplace_back(text);
      total *= length;
    }
    EXPECT_EQ(found, dims) << name;
    std::vector<double> x(total);
    EXPECT_EQ(nc_get_var_double(id, v, x.data()), NC_NOERR) << name;
    return x;
  };
  const Posterior& p = *fit_.posterior;
  const int posterior = group("posterior"), stats = group("sample_stats"), loglik = group("log_likelihood"),
            observed_data = group("observed_data");
  const auto alpha = read(posterior, "alpha", {"chain", "draw", "subject"});
  const auto mu = read(posterior, "mu_beta", {"chain", "draw"});
  const auto lp = read(stats, "lp", {"chain", "draw"});
  const auto each = read(loglik, "choice", {"chain", "draw", "observation"});
  const auto choice = read(observed_data, "choice", {"observation"});
  const auto whose = read(observed_data, "subject_index", {"observation"});
  const auto at = read(observed_data, "row", {"observation"});
  const auto n = choice.size();
  ASSERT_EQ(n, trials_.rows() - 1);  // one was missed
  for (std::size_t c = 0; c < 2; ++c)
    for (std::size_t i = 0; i < 25; ++i) {
      const auto q = draw(c, i);
      EXPECT_EQ(lp[c * 25 + i], fit_.chains[c].lp[i]);
      EXPECT_EQ(mu[c * 25 + i], p.mu(q, 1));
      std::vector<double> row(p.model().standard.size()), expected(subjects_[1].size());
      p.row(q, 1, row);
      EXPECT_EQ(alpha[(c * 25 + i) * 3 + 1], row[static_cast<std::size_t>(p.model().params[0].at)]);
      (void)p.learner().likelihood->value(row, subjects_[1], expected);
      for (std::size_t o = 0; o < n; ++o)
        if (whose[o] == 1) {
          EXPECT_NEAR(each[(c * 25 + i) * n + o], expected[static_cast<std::size_t>(at[o])],
                      1e-14);  // four draws at once, else rounded
          EXPECT_EQ(choice[o], subjects_[1].choice[static_cast<std::size_t>(at[o])]);
        }
    }
  int v = -1;
  ASSERT_EQ(nc_inq_varid(posterior, "subject", &v), NC_NOERR);
  char* names[3];
  ASSERT_EQ(nc_get_var_string(posterior, v, names), NC_NOERR);
  EXPECT_STREQ(names[2], "c d");
  nc_free_string(3, names);
  nc_close(file);
}

TEST_F(Files, RefusalsNameTheFile) {
  try {
    write_netcdf(fit_, options_, info_, false, folder_ / "no such folder" / "m.nc");
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("no such folder"), std::string::npos) << e.what();
  }
}

}  // namespace
}  // namespace labile
