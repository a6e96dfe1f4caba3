/// Cholesky's factorization of small dense matrices, row by row.
#pragma once

#include <vector>

namespace labile {

/// The factor L of the symmetric a [n][n] = L L', in place in the lower triangle (the upper one is left as it was); false when a pivot
/// is 1e-12 or less: a is then not positive definite, and half overwritten.
[[nodiscard]] bool cholesky(std::vector<double>& a, int n);
/// Solves L L' x = b [n] in place.
void cholesky_solve(const std::vector<double>& l, int n, std::vector<double>& b);

}  // namespace labile
