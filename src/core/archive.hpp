/// State as bytes, written and read by one function: what a class saves it also loads, in the same order.
///
///   void Trace::keep(Archive& a) { a(value_, last_, times_); }
///
/// Bytes are those of this build on this machine's kind; who stores them also stores which build wrote them.
#pragma once

#include <cstddef>
#include <cstring>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/error.hpp"

namespace labile {

class Archive {
 public:
  /// Writes.
  Archive() = default;
  /// Reads what was written; `what` is how messages call it. The bytes must outlive it.
  Archive(std::span<const std::byte> bytes, std::string what)
      : loading_(true), left_(bytes), what_(std::move(what)) {}

  [[nodiscard]] bool loading() const { return loading_; }
  [[nodiscard]] const std::vector<std::byte>& bytes() const { return bytes_; }
  [[nodiscard]] std::vector<std::byte> take() { return std::move(bytes_); }
  /// Throws Error unless all was read.
  void finish() const {
    if (loading_ && !left_.empty()) fail("has more than was asked for");
  }

  template <class... T>
  void operator()(T&... x) {
    (one(x), ...);
  }
  /// Elements of an array whose length both sides know.
  template <class T>
  void each(std::span<T> x) {
    if constexpr (std::is_trivially_copyable_v<T>)
      raw(x.data(), x.size_bytes());
    else
      for (T& e : x) one(e);
  }
  template <class T>
  void each(std::vector<T>& x) {
    std::size_t n = x.size();
    one(n);
    if (n != x.size()) fail("is of another shape");
    each(std::span<T>(x));
  }
  [[noreturn]] void fail(const std::string& why) const { throw Error(what_ + " " + why); }

 private:
  void raw(void* at, std::size_t n) {
    if (n == 0) return;
    if (!loading_) {
      const std::size_t before = bytes_.size();
      bytes_.resize(before + n);
      std::memcpy(bytes_.data() + before, at, n);
      return;
    }
    if (n > left_.size()) fail("ends early");
    std::memcpy(at, left_.data(), n);
    left_ = left_.subspan(n);
  }
  /// A length, which cannot be more than there are bytes for.
  std::size_t length(std::size_t n, std::size_t least_bytes) {
    one(n);
    if (loading_ && n > left_.size() / least_bytes) fail("ends early");
    return n;
  }
  template <class T>
  void one(T& x) {
    if constexpr (requires { x.keep(*this); })
      x.keep(*this);
    else if constexpr (requires { keep(*this, x); })
      keep(*this, x);
    else if constexpr (std::is_trivially_copyable_v<T>)
      raw(&x, sizeof x);
    else
      part(x);
  }
  void part(std::string& x) {
    x.resize(length(x.size(), 1));
    raw(x.data(), x.size());
  }
  void part(std::vector<bool>& x) {
    x.resize(length(x.size(), 1));
    for (std::size_t i = 0; i < x.size(); ++i) {
      bool b = x[i];
      one(b);
      x[i] = b;
    }
  }
  template <class T>
  void part(std::vector<T>& x) {
    x.resize(length(x.size(), std::is_trivially_copyable_v<T> ? sizeof(T) : 1));
    each(std::span<T>(x));
  }
  template <class T>
  void part(std::optional<T>& x) {
    bool there = x.has_value();
    one(there);
    if (!there)
      x.reset();
    else if (!x)
      x.emplace();
    if (x) one(*x);
  }
  template <class A, class B>
  void part(std::pair<A, B>& x) {
    one(x.first);
    one(x.second);
  }
  template <class K, class V>
  void part(std::map<K, V>& x) {
    std::size_t n = length(x.size(), 1);
    if (!loading_) {
      for (auto& [key, value] : x) {
        K k = key;
        one(k);
        one(value);
      }
      return;
    }
    x.clear();
    for (; n > 0; --n) {
      K k{};
      one(k);
      one(x[k]);
    }
  }

  bool loading_ = false;
  std::vector<std::byte> bytes_;     // written
  std::span<const std::byte> left_;  // to read
  std::string what_;
};

}  // namespace labile
