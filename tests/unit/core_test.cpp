#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <thread>

#include "core/dual.hpp"
#include "core/error.hpp"
#include "core/output_file.hpp"
#include "core/parallel.hpp"
#include "core/params.hpp"
#include "core/random.hpp"

namespace labile {
namespace {

using Words = std::array<std::uint32_t, 4>;

TEST(Philox, GivesTheAuthorsKnownAnswers) {
  // Random123's kat_vectors for philox4x32 with 10 rounds.
  EXPECT_EQ(philox({0, 0, 0, 0}, 0), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox({~0u, ~0u, ~0u, ~0u}, ~0ull), (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, 0x299f31d0a4093822ull),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, FourLanesEqualFourCalls) {
  const RawInts entity{1, 99, 4000000000, 7};
  const auto four = bits4(123456789012345ull, Purpose::luck, Index4(entity), 17, 3);
  for (int i = 0; i < 4; ++i) {
    const auto one =
        Draw{123456789012345ull, Purpose::luck, static_cast<std::uint32_t>(entity[i])}.bits(17, 3);
    for (int w = 0; w < 4; ++w) EXPECT_EQ(static_cast<std::uint32_t>(four[w].i[i]), one[w]);
  }
}

/// Distance in units of the last place of the exact result.
double ulps(double got, long double exact) {
  const double rounded = static_cast<double>(exact);
  if (got == rounded || (std::isnan(got) && std::isnan(rounded))) return 0;
  const double ulp = std::abs(std::nextafter(rounded, INFINITY) - rounded);
  return static_cast<double>(std::abs(static_cast<long double>(got) - exact) / ulp);
}

TEST(Math, ExpAndLogAreWithinOneAndAHalfUlp) {
  const Draw draw{1, Purpose::parameters, 0};
  double worst_exp = 0, worst_log = 0, worst_pow = 0;
  for (std::uint32_t i = 0; i < 200000; ++i) {
    const double x = (draw.uniform(i) - 0.5) * 1400;
    worst_exp = std::max(worst_exp, ulps(exp(x), std::exp(static_cast<long double>(x))));
    const double y = std::ldexp(draw.uniform(i, 1) + 0.5, static_cast<int>(draw.below(2000, i, 2)) - 1000);
    worst_log = std::max(worst_log, ulps(log(y), std::log(static_cast<long double>(y))));
    const double near = 1 + (draw.uniform(i, 3) - 0.5) * 0.01;
    worst_log = std::max(worst_log, ulps(log(near), std::log(static_cast<long double>(near))));
    const double b = draw.uniform(i, 4) * 10, e = (draw.uniform(i, 5) - 0.5) * 200;
    worst_pow = std::max(worst_pow,
                         ulps(pow(b, e), std::pow(static_cast<long double>(b), static_cast<long double>(e))));
  }
  EXPECT_LT(worst_exp, 1.5);
  EXPECT_LT(worst_log, 1.5);
  EXPECT_LT(worst_pow, 2.5);
}

TEST(Math, SpecialValuesFollowIeee) {
  EXPECT_EQ(exp(-kInf), 0);
  EXPECT_EQ(exp(kInf), kInf);
  EXPECT_EQ(exp(0.0), 1);
  EXPECT_EQ(exp(-745.0), std::exp(-745.0));
  EXPECT_EQ(exp(-800.0), 0);
  EXPECT_TRUE(std::isnan(exp(kNaN)));
  EXPECT_EQ(log(0.0), -kInf);
  EXPECT_EQ(log(1.0), 0);
  EXPECT_EQ(log(kInf), kInf);
  EXPECT_TRUE(std::isnan(log(-1.0)));
  EXPECT_EQ(log(5e-324), std::log(5e-324));
  EXPECT_EQ(pow(0.0, 2.0), 0);
  EXPECT_EQ(pow(2.0, 10.0), 1024);
  EXPECT_EQ(pow(kInf, -1.0), 0);
}

TEST(Math, VecGivesTheBitsOfDouble) {
  const Draw draw{2, Purpose::parameters, 0};
  for (std::uint32_t i = 0; i < 10000; ++i) {
    Vec x;
    for (int k = 0; k < kWidth; ++k) x.set(k, (draw.uniform(i, k) - 0.3) * 100);
    const Vec e = exp(x), l = log(x), s = softplus(x), m = expm1(x), p = pow(abs(x), Vec(1.7));
    for (int k = 0; k < kWidth; ++k) {
      const double v[5] = {exp(x[k]), log(x[k]), softplus(x[k]), expm1(x[k]), pow(abs(x[k]), 1.7)};
      const double w[5] = {e[k], l[k], s[k], m[k], p[k]};
      EXPECT_EQ(std::memcmp(v, w, sizeof v), 0) << x[k];
    }
  }
}

TEST(Math, SmallArgumentsKeepTheirDigits) {
  for (const double x : {1e-18, -3e-12, 1e-5, 0.2, -0.3}) {
    EXPECT_LT(ulps(expm1(x), std::expm1(static_cast<long double>(x))), 3) << x;
    EXPECT_LT(ulps(log1p(x), std::log1p(static_cast<long double>(x))), 3) << x;
  }
  EXPECT_NEAR(log_logistic(-800.0), -800.0, 1e-12);
  EXPECT_NEAR(log_logistic(40.0), -std::exp(-40.0), 1e-30);
}

TEST(Math, NormalQuantileInvertsTheErrorFunction) {
  for (const double p : {1e-300, 1e-10, 0.001, 0.07, 0.3, 0.5, 0.9, 0.999999}) {
    const double x = normal_quantile(p);
    EXPECT_NEAR(0.5 * std::erfc(-x / std::sqrt(2.0)) / p, 1.0, 1e-11) << p;
  }
  EXPECT_NEAR(normal_quantile(0.975), 1.959963984540054, 1e-14);
}

/// Sample mean and variance of 200,000 draws within 5 standard errors: a false alarm in 1.7 million tests.
template <class F>
void expect_moments(F draw, double mean, double variance, double kurtosis_bound) {
  const int n = 200000;
  double sum = 0, square = 0;
  for (int i = 0; i < n; ++i) {
    const double x = draw(static_cast<std::uint32_t>(i)) - mean;
    sum += x;
    square += x * x;
  }
  EXPECT_NEAR(sum / n, 0, 5 * std::sqrt(variance / n));
  EXPECT_NEAR(square / n, variance, 5 * variance * std::sqrt((kurtosis_bound - 1) / n));
}

TEST(Draw, DistributionsHaveTheirMoments) {
  const Draw d{42, Purpose::parameters, 7};
  expect_moments([&](auto i) { return d.uniform(i); }, 0.5, 1.0 / 12, 1.8);
  expect_moments([&](auto i) { return d.normal(i); }, 0, 1, 3);
  expect_moments([&](auto i) { return d.exponential(i); }, 1, 1, 9);
  expect_moments([&](auto i) { return d.gamma(0.5, i); }, 0.5, 0.5, 15);
  expect_moments([&](auto i) { return d.gamma(3, i); }, 3, 3, 5);
  expect_moments([&](auto i) { return d.beta(2, 5, i); }, 2.0 / 7, 10.0 / (49 * 8), 3);
  expect_moments([&](auto i) { return static_cast<double>(d.below(10, i)); }, 4.5, 8.25, 1.8);
}

TEST(Draw, DependsOnEveryPartOfItsKey) {
  const Draw d{1, Purpose::choice, 2};
  EXPECT_EQ(d.uniform(3, 4), (Draw{1, Purpose::choice, 2}.uniform(3, 4)));
  EXPECT_NE(d.uniform(3, 4), (Draw{2, Purpose::choice, 2}.uniform(3, 4)));
  EXPECT_NE(d.uniform(3, 4), (Draw{1, Purpose::luck, 2}.uniform(3, 4)));
  EXPECT_NE(d.uniform(3, 4), (Draw{1, Purpose::choice, 3}.uniform(3, 4)));
  EXPECT_NE(d.uniform(3, 4), d.uniform(4, 4));
  EXPECT_NE(d.uniform(3, 4), d.uniform(3, 5));
}

TEST(Dual, DerivativesEqualClosedForms) {
  using D = Dual<double, 2>;
  const D x = D::variable(0.7, 0), y = D::variable(1.3, 1);
  const D f = exp(x * y) / log(y + D(1.0)) + sqrt(x) * logistic(y);
  const double e = std::exp(0.91), l = std::log(2.3), s = 1 / (1 + std::exp(-1.3));
  EXPECT_NEAR(f.d[0], 1.3 * e / l + 0.5 / std::sqrt(0.7) * s, 1e-13);
  EXPECT_NEAR(f.d[1], 0.7 * e / l - e / (l * l * 2.3) + std::sqrt(0.7) * s * (1 - s), 1e-13);
}

struct P {
  double tau = 20, share = 0.5;
  int n = 3;
  std::vector<int> blocks{80, 80};
};
const std::vector<Field<P>> kTable{{"tau", "ms", &P::tau, {0.1, 1e4}, "a time constant"},
                                   {"share", "1", &P::share, {0, 1}, "a share"},
                                   {"n", "1", &P::n, {1, 10}, "a count"},
                                   {"blocks", "trials", &P::blocks, {1, 1e6}, "lengths"}};

std::string refusal(const std::string& name, Value v) {
  try {
    (void)read_params(kTable, {{name, {std::move(v), Where{"card.toml", 3, 7, "task." + name}}}}, "task 'x'");
  } catch (const Error& e) {
    return e.what();
  }
  return "accepted";
}

TEST(Params, UnitsConvertAndDefaultsStay) {
  const P p = read_params(kTable, {{"tau", {std::string("0.05 s"), {}}}}, "x");
  EXPECT_DOUBLE_EQ(p.tau, 50);
  EXPECT_EQ(p.n, 3);
  EXPECT_EQ(read_params(kTable, {{"blocks", {std::vector<double>{5, 6, 7}, {}}}}, "x").blocks,
            (std::vector<int>{5, 6, 7}));
}

TEST(Params, RefusalsNamePlaceValueBoundAndNearestName) {
  EXPECT_EQ(refusal("tauu", 1.0),
            "card.toml:3:7: task.tauu: task 'x' has no parameter 'tauu'; did you mean 'tau'?");
  EXPECT_EQ(refusal("share", 1.5), "card.toml:3:7: task.share: 1.5 is out of bounds; allowed: 0 to 1");
  EXPECT_NE(refusal("tau", std::string("20 mV")).find("unit 'mV' does not fit; tau is in ms"),
            std::string::npos);
  EXPECT_NE(refusal("tau", true).find("expected a number in ms, found true or false"), std::string::npos);
  EXPECT_NE(refusal("n", 2.5).find("not a whole number"), std::string::npos);
  EXPECT_NE(refusal("share", kNaN).find("NaN"), std::string::npos);
}

TEST(OutputFile, LeavesNothingWithoutCommit) {
  const auto dir = std::filesystem::temp_directory_path() / "labile_output_file_test";
  std::filesystem::create_directories(dir);
  write_file(dir / "kept.txt", "before");
  {
    OutputFile f(dir / "kept.txt");
    f.write("half");
  }
  EXPECT_EQ(read_file(dir / "kept.txt"), "before");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir), {}), 1);
  EXPECT_THROW(write_file(dir / "missing" / "x", "y"), Error);
  std::filesystem::remove_all(dir);
}
TEST(OutputFile, FollowsLinksAndWritesPipesAndDevicesInPlace) {
  namespace fs = std::filesystem;
  const auto dir = fs::temp_directory_path() / ("labile_links_" + std::to_string(::getpid()));
  fs::create_directories(dir);
  write_file(dir / "real.txt", "before");
  fs::create_symlink("real.txt", dir / "link.txt");
  write_file(dir / "link.txt", "after");
  EXPECT_TRUE(fs::is_symlink(dir / "link.txt"));
  EXPECT_EQ(read_file(dir / "real.txt"), "after");
  fs::create_symlink("new.txt", dir / "dangling.txt");
  write_file(dir / "dangling.txt", "made");
  EXPECT_TRUE(fs::is_symlink(dir / "dangling.txt"));
  EXPECT_EQ(read_file(dir / "new.txt"), "made");
  const auto pipe = dir / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  std::string came;
  std::thread reader([&] { came = read_file(pipe); });
  write_file(pipe, "through");
  reader.join();
  EXPECT_EQ(came, "through");
  EXPECT_TRUE(fs::is_fifo(pipe));
  fs::create_symlink("/dev/full", dir / "full");
  EXPECT_THROW(write_file(dir / "full", "y"), Error);
  EXPECT_TRUE(fs::is_character_file("/dev/full"));
  fs::remove_all(dir);
}

TEST(ParallelFor, RunsEveryTaskOnceAndPassesFailuresOn) {
  std::vector<int> seen(1000, 0);
  parallel_for(1000, 4, [&](int i) { ++seen[i]; });
  EXPECT_EQ(std::count(seen.begin(), seen.end(), 1), 1000);
  EXPECT_THROW(parallel_for(10, 4,
                            [](int i) {
                              if (i == 5) throw Error("five");
                            }),
               Error);
  request_interrupt();
  EXPECT_THROW(parallel_for(10, 2, [](int) {}), Interrupted);
  clear_interrupt();
}

}  // namespace
}  // namespace labile
