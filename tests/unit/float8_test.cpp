/// Float8's lanes against the same operation on float.
#include "core/float8.hpp"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <limits>
#include <vector>

namespace labile {
namespace {
using Eight = std::array<float, 8>;

std::uint32_t bits(float x) {
  return std::bit_cast<std::uint32_t>(x);
}
bool same(float a, float b) {
  return bits(a) == bits(b) || (a != a && b != b);
}
Float8 vec(const Eight& x) {
  Float8 r;
  load(x.data(), r);
  return r;
}

/// Operands of every kind: small, large, subnormal, signed zeros, infinities, NaN.
struct Operands {
  std::vector<std::array<Eight, 3>> cases;
  Operands() {
    const float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
    const float special[] = {0.0f, -0.0f,  1.0f,    -1.0f,   inf,      -inf,
                             nan,  1e-42f, -1e-42f, 3.4e38f, -3.4e38f, 0.1f};
    std::uint64_t state = 1;
    auto next = [&] {
      state = state * 6364136223846793005u + 1442695040888963407u;
      return static_cast<std::uint32_t>(state >> 33);
    };
    for (int n = 0; n < 2000; ++n) {
      std::array<Eight, 3> c;
      for (auto& eight : c)
        for (auto& x : eight) {
          const auto kind = next() % 4;
          x = kind == 0   ? special[next() % 12]
              : kind == 1 ? std::bit_cast<float>(next() * 2u)
                          : static_cast<float>(next()) / 1e8f - 10.0f;
        }
      cases.push_back(c);
    }
  }
};

template <class F8, class F1>
void expect_lanes(F8 eight, F1 one) {
  static const Operands operands;
  for (const auto& [a, b, c] : operands.cases) {
    const Float8 r = eight(vec(a), vec(b), vec(c));
    for (int k = 0; k < 8; ++k)
      ASSERT_TRUE(same(r[k], one(a[k], b[k], c[k]))) << a[k] << ' ' << b[k] << ' ' << c[k] << ": " << r[k];
  }
}
}  // namespace

TEST(Float8, LanesEqualFloatBitForBit) {
  using F = Float8;
  expect_lanes([](F a, F b, F) { return a + b; }, [](float a, float b, float) { return a + b; });
  expect_lanes([](F a, F b, F) { return a - b; }, [](float a, float b, float) { return a - b; });
  expect_lanes([](F a, F b, F) { return a * b; }, [](float a, float b, float) { return a * b; });
  expect_lanes([](F a, F b, F) { return a / b; }, [](float a, float b, float) { return a / b; });
  expect_lanes([](F a, F, F) { return -a; }, [](float a, float, float) { return -a; });
  expect_lanes([](F a, F b, F c) { return fma(a, b, c); },
               [](float a, float b, float c) { return std::fma(a, b, c); });
}

TEST(Float8, MinAndMaxTreatEqualAndNanAsTheDoubleOnesDo) {
  using F = Float8;
  expect_lanes([](F a, F b, F) { return min(a, b); }, [](float a, float b, float) { return b < a ? b : a; });
  expect_lanes([](F a, F b, F) { return max(a, b); }, [](float a, float b, float) { return a < b ? b : a; });
}

TEST(Float8, ComparisonsSelectAndMasksEqualFloat) {
  static const Operands operands;
  for (const auto& [a, b, c] : operands.cases) {
    const Float8 x = vec(a), y = vec(b), z = vec(c);
    unsigned lt = 0, le = 0, gt = 0, ge = 0, eq = 0, ne = 0;
    for (int k = 0; k < 8; ++k) {
      lt |= unsigned{a[k] < b[k]} << k;
      le |= unsigned{a[k] <= b[k]} << k;
      gt |= unsigned{a[k] > b[k]} << k;
      ge |= unsigned{a[k] >= b[k]} << k;
      eq |= unsigned{a[k] == b[k]} << k;
      ne |= unsigned{a[k] != b[k]} << k;
    }
    ASSERT_EQ(movemask(x < y), lt);
    ASSERT_EQ(movemask(x <= y), le);
    ASSERT_EQ(movemask(x > y), gt);
    ASSERT_EQ(movemask(x >= y), ge);
    ASSERT_EQ(movemask(x == y), eq);
    ASSERT_EQ(movemask(x != y), ne);
    ASSERT_EQ(movemask((x < y) & (x == x)), lt);
    ASSERT_EQ(movemask((x < y) | (x == y)), lt | eq);
    ASSERT_EQ(movemask(!(x < y)), 0xffu & ~lt);
    ASSERT_EQ(any(x < y), lt != 0);
    ASSERT_EQ(all(x == y), eq == 0xff);
    const Float8 chosen = select(x < y, x, z);
    for (int k = 0; k < 8; ++k) {
      ASSERT_EQ(bits(chosen[k]), bits(lt >> k & 1 ? a[k] : c[k]));
      ASSERT_EQ(lane(x < y, k), (lt >> k & 1) != 0);
    }
  }
}

TEST(Float8, LoadsAndStoresNeedNoAlignment) {
  alignas(32) float memory[24];
  for (int i = 0; i < 24; ++i) memory[i] = 0.1f * static_cast<float>(i);
  for (int offset = 0; offset < 8; ++offset) {
    Float8 x;
    load(memory + offset, x);
    for (int k = 0; k < 8; ++k) EXPECT_EQ(x[k], memory[offset + k]);
    Vec wide;
    load(memory + offset, wide);
    for (int k = 0; k < 4; ++k) EXPECT_EQ(wide[k], static_cast<double>(memory[offset + k]));
    float out[16] = {};
    store(x, out + offset);
    for (int k = 0; k < 8; ++k) EXPECT_EQ(out[offset + k], memory[offset + k]);
  }
}

TEST(Float8, MovemaskOfFourDoublesHasOneBitALane) {
  Vec x(0.0);
  x.set(1, -1.0);
  x.set(3, -2.0);
  EXPECT_EQ(movemask(x < Vec(0.0)), 0b1010u);
}
}  // namespace labile
