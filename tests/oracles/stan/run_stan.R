#!/usr/bin/Rscript
# Posteriors, densities and times of the Stan texts beside this file, by Debian's rstan and posterior.
#
#   python3 tests/oracles/stan/make_data.py DATA
#   Rscript tests/oracles/stan/run_stan.R DATA MODEL [density|posterior|speed ...]
#
# Writes results/MODEL.density.json, MODEL.posterior.json and MODEL.speed.json.
#   density    log density and gradient at five points of the unconstrained space, terms that are constant left out
#   posterior  4 chains of 1000 + 2000 draws, adapt_delta 0.95: what posteriors are compared with
#   speed      4 chains of 1000 + 1000 draws, Stan's defaults: processor seconds and effective draws
# Chains run one after the other. They start near `start_mu` of models.json, with sigma 0.2 and z near 0, not at Stan's
# own random points, from which single chains get stuck: that favors Stan.
suppressMessages({
  library(rstan)
  library(posterior)
  library(jsonlite)
})
rstan_options(boost_lib = "/usr/include")  # where Debian keeps what rstan looks for in the package BH

here <- dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)))
args <- commandArgs(TRUE)
folder <- args[1]
name <- args[2]
stages <- if (length(args) > 2) args[-(1:2)] else c("density", "posterior", "speed")
spec <- fromJSON(file.path(here, "models.json"), simplifyVector = TRUE, simplifyDataFrame = FALSE)[[name]]
labels <- names(spec$parameters)
stan_names <- vapply(labels, function(k) if (is.null(spec$parameters[[k]]$stan)) k else spec$parameters[[k]]$stan, "")
K <- length(labels)
csv <- file.path(folder, paste0(name, ".csv"))

by_subject <- function(x, d) matrix(x, nrow = max(d$subject), byrow = TRUE)
read_data <- function() {
  d <- read.csv(csv)
  N <- max(d$subject)
  out <- list(N = N, T = nrow(d) / N, outcome = by_subject(d$outcome, d))
  for (k in intersect(c("choice", "choice1", "choice2", "rt"), names(d))) out[[k]] <- by_subject(d[[k]], d)
  if (name == "gng_m4") out <- c(out, list(S = max(d$state) + 1, state = by_subject(d$state + 1, d)))
  if (name == "ts_par7") out$room <- by_subject(d$state2 + 1, d)
  if (name == "kalman") {
    out$choice <- out$choice + 1
    out$K <- max(out$choice)
  }
  out
}
data <- read_data()
N <- data$N
start_mu <- vapply(spec$parameters, function(p) as.numeric(p$start_mu), 0)

compile <- function() {
  # What rstan's guide recommends for speed, without -march=native: with it runs ended in a double free. Debian's
  # rstan is built for plain x86-64, where Eigen aligns memory otherwise; we take that for the cause.
  flags <- tempfile()
  writeLines("CXX14FLAGS = -O3 -mtune=native -w", flags)
  Sys.setenv(R_MAKEVARS_USER = flags)
  kept <- file.path(folder, paste0(name, ".rds"))
  text <- file.path(here, paste0(name, ".stan"))
  if (file.exists(kept) && file.mtime(kept) > file.mtime(text)) return(readRDS(kept))
  t <- system.time(model <- stan_model(text, model_name = name, auto_write = FALSE, save_dso = TRUE))
  took <- list(cpu_s = sum(t[c("user.self", "sys.self", "user.child", "sys.child")]), wall_s = t[["elapsed"]])
  saveRDS(list(model = model, took = took), kept)
  list(model = model, took = took)
}
built <- compile()

machine <- function() {
  list(cpu = sub(".*: *", "", grep("model name", readLines("/proc/cpuinfo"), value = TRUE)[1]),
       flags = "-O3 -mtune=native", rstan = as.character(packageVersion("rstan")),
       stan = stan_version(), posterior = as.character(packageVersion("posterior")),
       load_average = as.numeric(strsplit(readLines("/proc/loadavg"), " ")[[1]][1:2]))
}
write_result <- function(kind, x) {
  x <- c(list(model = name, learner = spec$learner, data_md5 = unname(tools::md5sum(csv)), data_from = "make_data.py"), x)
  file <- file.path(here, "results", paste0(name, ".", kind, ".json"))
  writeLines(toJSON(x, auto_unbox = TRUE, digits = I(15), pretty = 1), file)
}

# mu[1..K], log sigma[1..K], z[subject, parameter] with the subject running fastest.
unconstrained_names <- c(paste0("mu.", labels), paste0("log_sigma.", labels),
                         paste0("z.", rep(labels, each = N), ".", rep(seq_len(N), K)))
prior_kernel <- function(u) {
  mu <- u[1:K]
  sigma <- exp(u[K + 1:K])
  z <- u[-(1:(2 * K))]
  total <- sum(u[K + 1:K]) - sum(z^2) / 2  # the first term: Jacobian of the logarithm
  for (k in seq_len(K)) {
    p <- spec$parameters[[k]]
    s <- as.numeric(p$mu_prior[[3]])
    w <- as.numeric(p$sigma_prior[[2]])
    total <- total - mu[k]^2 / (2 * s^2) -
      (if (p$sigma_prior[[1]] == "half_cauchy") log1p((sigma[k] / w)^2) else sigma[k]^2 / (2 * w^2))
  }
  total
}
density_stage <- function() {
  fit <- suppressWarnings(sampling(built$model, data, chains = 1, iter = 2, init = start(1), refresh = 0, algorithm = "Fixed_param"))
  set.seed(spec$seed)
  points <- lapply(1:5, function(j) {
    signif(c(start_mu + 0.2 * rnorm(K), log(0.2) + 0.4 * rnorm(K), 0.7 * rnorm(N * K)), 6)
  })
  at <- lapply(points, function(u) {
    lp <- log_prob(fit, u, adjust_transform = TRUE)
    g <- grad_log_prob(fit, u, adjust_transform = TRUE)
    time <- system.time(for (r in 1:200) grad_log_prob(fit, u, adjust_transform = TRUE))
    list(point = unname(u), log_density = lp, log_likelihood = lp - prior_kernel(u), gradient = as.numeric(g),
         gradient_us = 1e6 * sum(time[1:2]) / 200)
  })
  write_result("density", list(
    machine = machine(), names = unconstrained_names,
    left_out = "constants of the priors: log densities are up to a constant, the likelihood is complete",
    differences = vapply(at, function(a) a$log_density - at[[1]]$log_density, 0), at = at))
}

start <- function(chains) {
  set.seed(spec$seed)
  lapply(seq_len(chains), function(i) {
    list(mu = array(start_mu + 0.1 * rnorm(K)), sigma = array(0.2 * exp(0.1 * rnorm(K))),
         z = matrix(0.1 * rnorm(N * K), N, K))
  })
}
columns <- function(s, rows) {
  s <- s[match(rows, s$variable), ]
  stopifnot(!anyNA(s$variable))
  as.list(s[c("mean", "sd", "mcse_mean", "mcse_sd", "ess_bulk", "ess_tail", "rhat")])
}
sample_stage <- function(kind, warmup, draws, adapt_delta) {
  before <- proc.time()
  fit <- sampling(built$model, data, chains = 4, cores = 1, warmup = warmup, iter = warmup + draws, init = start(4),
                  seed = spec$seed, refresh = 0, control = list(adapt_delta = adapt_delta))
  used <- proc.time() - before
  all <- as_draws_array(as.array(fit))
  s <- as.data.frame(summarise_draws(all, mean, sd, mcse_mean, mcse_sd, ess_bulk, ess_tail, rhat))
  index <- seq_len(K)
  group <- lapply(list(mu = sprintf("mu[%d]", index), sigma = sprintf("sigma[%d]", index),
                       value = paste0("group_", stan_names)), function(rows) c(list(parameter = labels), columns(s, rows)))
  subjects <- lapply(setNames(stan_names, labels), function(k) columns(s, sprintf("%s[%d]", k, seq_len(N))))
  sampled <- grepl("^(mu|sigma|z)\\[", s$variable)
  params <- get_sampler_params(fit, inc_warmup = FALSE)
  times <- get_elapsed_time(fit)
  least <- list(group = min(unlist(group$mu$ess_bulk), unlist(group$sigma$ess_bulk)), sampled = min(s$ess_bulk[sampled]),
                subjects = min(unlist(lapply(subjects, `[[`, "ess_bulk"))))
  total <- sum(times)
  head <- list(
    machine = machine(), chains = 4, warmup = warmup, draws = draws, adapt_delta = adapt_delta,
    divergences = sum(vapply(params, function(p) sum(p[, "divergent__"]), 0)),
    at_max_treedepth = sum(vapply(params, function(p) sum(p[, "treedepth__"] >= 10), 0)),
    leapfrogs_per_draw = mean(vapply(params, function(p) mean(p[, "n_leapfrog__"]), 0)),
    compile = built$took, warmup_s = unname(times[, "warmup"]), sampling_s = unname(times[, "sample"]),
    process_cpu_s = sum(used[1:2]), process_wall_s = used[["elapsed"]], min_ess_bulk = least,
    ess_of_sampled_per_s = least$sampled / total, ess_of_sampled_per_sampling_s = least$sampled / sum(times[, "sample"]),
    ess_of_group_per_s = least$group / total, max_rhat = max(s$rhat[sampled]))
  write_result(kind, c(head, list(group = group, subjects = subjects)))
  cat(sprintf("%s %s: warm-up %s s, sampling %s s (process %.1f s of processor, %.1f of wall), min bulk ESS %.0f, %d divergences, Rhat %.4f\n",
              name, kind, paste(round(times[, 1], 1), collapse = " "), paste(round(times[, 2], 1), collapse = " "),
              sum(used[1:2]), used[["elapsed"]], least$sampled, head$divergences, head$max_rhat))
}

if ("density" %in% stages) density_stage()
if ("posterior" %in% stages) sample_stage("posterior", 1000, 2000, 0.95)
if ("speed" %in% stages) sample_stage("speed", 1000, 1000, 0.8)
