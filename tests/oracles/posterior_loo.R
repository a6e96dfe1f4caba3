# Diagnostics of chains by R's package posterior and leave-one-out scores by R's package loo, on made-up draws.
#
# Writes posterior_loo.json, which tests/unit/diagnostics_test.cpp and loo_test.cpp compare with. Draws come from a
# linear congruential generator that the tests have too (chain_draws.hpp), so that only the answers are stored.
# Shares nothing with Labile. Its packages (R 4.2, posterior 1.4.0, loo 2.5.1) are needed for this script alone:
#
#     tools/install.sh apt-packages-oracles.txt
#     Rscript tests/oracles/posterior_loo.R
suppressPackageStartupMessages({library(posterior); library(loo)})

# ---- draws: x' = (1103515245 x + 12345) mod 2^31, the top bits as a uniform on (0, 1); products stay below 2^53 by halves
lcg <- function(n, seed) {
  u <- numeric(n); x <- seed
  for (i in seq_len(n)) {
    hi <- x %/% 65536; lo <- x %% 65536
    x <- ((((1103515245 * hi) %% 2147483648) * 65536) %% 2147483648 + (1103515245 * lo) %% 2147483648 + 12345) %% 2147483648
    u[i] <- (x + 0.5) / 2147483648
  }
  u
}
# Nearly normal without a function of the C library: the sum of 12 uniforms less 6.
bell <- function(n, seed) colSums(matrix(lcg(12 * n, seed), nrow = 12)) - 6
# Autoregression with coefficient a, from stationarity nearly.
ar <- function(n, seed, a) {
  e <- bell(n, seed); x <- numeric(n); x[1] <- e[1]
  for (i in seq_len(n)[-1]) x[i] <- a * x[i - 1] + e[i]
  x
}
chains <- function(n, m, seed, make) sapply(seq_len(m), function(c) make(n, seed + 7919 * c))

cases <- list(
  independent = chains(1000, 4, 1, bell),
  odd_length = chains(333, 4, 2, bell),
  autocorrelated = chains(1000, 4, 3, function(n, s) ar(n, s, 0.7)),
  slow = chains(1000, 4, 4, function(n, s) ar(n, s, 0.99)),
  antithetic = chains(1000, 4, 5, function(n, s) ar(n, s, -0.6)),
  very_antithetic = chains(400, 4, 15, function(n, s) ar(n, s, -0.99)),
  shifted_chain = {x <- chains(1000, 4, 6, bell); x[, 3] <- x[, 3] + 2; x},
  wider_chain = {x <- chains(1000, 4, 7, bell); x[, 2] <- 4 * x[, 2]; x},
  stuck_chain = {x <- chains(1000, 4, 8, bell); x[, 4] <- 0.25; x},
  heavy_tails = chains(1000, 4, 9, function(n, s) {u <- lcg(n, s) - 0.5; u / (0.25 - u * u)^2}),
  ties = floor(3 * chains(500, 4, 10, bell)),
  two_values = (chains(500, 4, 11, bell) > 1) + 0,
  rare_value = (chains(500, 4, 12, bell) > 3.2) + 0,
  one_chain = chains(501, 1, 13, function(n, s) ar(n, s, 0.3)),
  two_chains = chains(2000, 2, 14, function(n, s) ar(n, s, 0.9)),
  trend = {x <- chains(300, 3, 16, bell); x + row(x) / 100},
  large_offset = 1e6 + chains(250, 4, 17, bell),
  small_scale = 1e-7 * chains(250, 4, 18, bell),
  short = chains(10, 4, 19, bell),
  shorter = chains(6, 2, 20, bell),
  five = chains(5, 3, 21, bell),
  constant = matrix(3, 100, 4),
  infinite = {x <- chains(100, 4, 22, bell); x[17, 2] <- Inf; x},
  missing = {x <- chains(100, 4, 23, bell); x[17, 2] <- NA; x},
  all_stuck = matrix(rep(c(0.25, 0.5, 1.75, 3.125), each = 100), 100, 4)
)
number <- function(x) if (length(x) == 0 || is.na(x)) "null" else if (is.infinite(x)) ifelse(x > 0, "\"inf\"", "\"-inf\"") else sprintf("%.17g", x)
object <- function(l) paste0("{", paste0("\"", names(l), "\": ", unlist(l), collapse = ", "), "}")
array <- function(v) paste0("[", paste(sapply(v, number), collapse = ", "), "]")
q7 <- function(x, p) if (anyNA(x)) NA else unname(quantile(x, p))

diagnose <- function(x) suppressWarnings(object(lapply(list(
  mean = mean(x), sd = sd(as.vector(x)), q2_5 = q7(x, 0.025), median = q7(x, 0.5), q97_5 = q7(x, 0.975),
  rhat = rhat(x), ess_bulk = ess_bulk(x), ess_tail = ess_tail(x), ess_mean = ess_mean(x),
  ess_q10 = unname(ess_quantile(x, 0.1)), mcse_mean = mcse_mean(x), mcse_sd = mcse_sd(x),
  mcse_q5 = unname(mcse_quantile(x, 0.05)), mcse_median = unname(mcse_quantile(x, 0.5)),
  mcse_q95 = unname(mcse_quantile(x, 0.95)),
  # what rstan::get_bfmi works out of energies, here of chain 1
  e_bfmi = sum(diff(x[, 1])^2) / length(x[, 1]) / var(x[, 1]),
  first = x[1, 1], last = x[nrow(x), ncol(x)]), number)))

# ---- log-likelihoods: observation j of a normal with sd s_j around draws of its mean, from flat to hopeless
S <- 1000; M <- 4
mu <- as.vector(chains(S, M, 31, function(n, s) ar(n, s, 0.5)))
y <- c(-1, 0, 0.5, 1, 2, 3, 4, 6, 8, 12, 20, 0.1)
s <- c(1, 2, 5, 1, 1, 1, 1, 1, 1, 2, 3, 40)
column <- function(j, spread) -0.5 * ((y[j] - spread * mu) / s[j])^2 - log(s[j]) - 0.5 * log(2 * pi)
ll <- sapply(seq_along(y), column, spread = 1)
ll2 <- sapply(seq_along(y), function(j) -abs(y[j] - 0.5 * mu) / s[j] - log(2 * s[j]))
ll3 <- sapply(seq_along(y), column, spread = 0.1)
chain_id <- rep(1:M, each = S)

scores <- function(ll) {
  r <- suppressWarnings(relative_eff(exp(ll), chain_id = chain_id))
  l <- suppressWarnings(loo(ll, r_eff = r)); n <- suppressWarnings(loo(ll)); w <- suppressWarnings(waic(ll))
  est <- function(e) paste0("[", array(e[, 1]), ", ", array(e[, 2]), "]")
  object(list(r_eff = array(r), elpd = array(l$pointwise[, "elpd_loo"]), p = array(l$pointwise[, "p_loo"]),
              mcse = array(l$pointwise[, "mcse_elpd_loo"]), k = array(l$diagnostics$pareto_k),
              n_eff = array(l$diagnostics$n_eff), estimates = est(l$estimates),
              plain_elpd = array(n$pointwise[, "elpd_loo"]), plain_k = array(n$diagnostics$pareto_k),
              plain_n_eff = array(n$diagnostics$n_eff),
              waic_elpd = array(w$pointwise[, "elpd_waic"]), waic_p = array(w$pointwise[, "p_waic"]),
              waic_estimates = est(w$estimates)))
}
smoothed <- function(x, r) {
  p <- suppressWarnings(psis(x, r_eff = r))
  object(list(log_weights = array(weights(p)[1:50]), k = number(p$diagnostics$pareto_k), n_eff = number(p$diagnostics$n_eff)))
}

# ---- weights of models: pointwise elpds of four, the last hopeless; the optimum by 200,000 steps of EM
lpd <- cbind(bell(60, 41), bell(60, 43) - 0.1, bell(60, 47) + 0.05, bell(60, 53) - 5)
em <- function(lpd) {
  p <- exp(lpd - apply(lpd, 1, max)); w <- rep(1 / ncol(p), ncol(p))
  for (i in 1:200000) w <- colMeans(p * rep(w, each = nrow(p)) / as.vector(p %*% w))
  w
}
# Pseudo-BMA+ of 100,000 resamples: means and their standard errors.
set.seed(1)
bb <- local({
  n <- 1e5; g <- matrix(rexp(n * nrow(lpd)), n); z <- nrow(lpd) * (g / rowSums(g)) %*% lpd
  w <- exp(z - apply(z, 1, max)); w <- w / rowSums(w)
  list(mean = colMeans(w), se = apply(w, 2, sd) / sqrt(n))
})
loos <- suppressWarnings(list(loo(ll), loo(ll2), loo(ll3)))
cmp <- loo_compare(loos)
weights_json <- object(list(
  lpd = paste0("[", paste(apply(lpd, 2, array), collapse = ",\n"), "]"),
  stacking_em = array(em(lpd)), stacking_loo = array(suppressWarnings(stacking_weights(lpd))),
  stacking_loo_pair = array(suppressWarnings(stacking_weights(lpd[, 1:2]))), stacking_em_pair = array(em(lpd[, 1:2])),
  pseudobma = array(pseudobma_weights(lpd, BB = FALSE)), pseudobma_bb = array(bb$mean), pseudobma_bb_se = array(bb$se),
  order = array(as.integer(sub("model", "", rownames(cmp))) - 1), elpd_diff = array(cmp[, "elpd_diff"]),
  se_diff = array(cmp[, "se_diff"])))

here <- sub("--file=", "", grep("--file=", commandArgs(FALSE), value = TRUE))
out <- file.path(dirname(here), "posterior_loo.json")
writeLines(c("{\"cases\": {", paste0("\"", names(cases), "\": ", sapply(cases, diagnose), collapse = ",\n"),
             "},\n\"loo\": [", paste(sapply(list(ll, ll2, ll3), scores), collapse = ",\n"),
             "],\n\"psis\": [", paste(smoothed(-ll[, 6], 1), smoothed(-ll[1:40, 6], 1), smoothed(-ll[1:20, 6], 1),
                                     smoothed(-ll[, 6], 0.3), sep = ",\n"),
             "],\n\"weights\": ", weights_json, "}"), out)
