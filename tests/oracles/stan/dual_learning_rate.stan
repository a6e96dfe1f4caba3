// Delta rule with a rate for better and one for worse than expected, outcomes of 0 and 1. v0 = 0.5 is held.
//   P(c) = softmax(beta V)[c];  d = r - V[c];  V[c] += (d >= 0 ? alpha_pos : alpha_neg) d;  V starts at v0
data {
  int<lower=1> N;
  int<lower=1> T;
  int<lower=0, upper=1> choice[N, T];
  vector[T] outcome[N];
}
parameters {
  vector[3] mu;                                // alpha_pos, alpha_neg, beta
  vector<lower=0>[3] sigma;
  matrix[N, 3] z;
}
transformed parameters {
  vector[N] alpha_pos = Phi_approx(mu[1] + sigma[1] * z[, 1]);
  vector[N] alpha_neg = Phi_approx(mu[2] + sigma[2] * z[, 2]);
  vector[N] beta = 100 * Phi_approx(mu[3] + sigma[3] * z[, 3]);
}
model {
  mu ~ normal(0, 1);
  sigma ~ normal(0, 0.2);
  to_vector(z) ~ normal(0, 1);
  for (i in 1:N) {
    vector[2] V = rep_vector(0.5, 2);
    vector[T] logit_1;
    for (t in 1:T) {
      int c = choice[i, t] + 1;
      real d = outcome[i, t] - V[c];
      logit_1[t] = V[2] - V[1];
      V[c] += (d >= 0 ? alpha_pos[i] : alpha_neg[i]) * d;
    }
    choice[i] ~ bernoulli_logit(beta[i] * logit_1);
  }
}
generated quantities {
  real group_alpha_pos = Phi_approx(mu[1]);
  real group_alpha_neg = Phi_approx(mu[2]);
  real group_beta = 100 * Phi_approx(mu[3]);
}
