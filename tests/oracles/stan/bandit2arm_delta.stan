// Delta rule on two options, outcomes of -1 and 1.
//   P(c) = softmax(tau V)[c];  V[c] += A (r - V[c]);  V starts at 0
data {
  int<lower=1> N;                              // subjects
  int<lower=1> T;                              // trials of each
  int<lower=0, upper=1> choice[N, T];
  vector[T] outcome[N];
}
parameters {
  vector[2] mu;                                // A, tau
  vector<lower=0>[2] sigma;
  matrix[N, 2] z;
}
transformed parameters {
  vector[N] A = Phi_approx(mu[1] + sigma[1] * z[, 1]);
  vector[N] tau = 5 * Phi_approx(mu[2] + sigma[2] * z[, 2]);
}
model {
  mu ~ normal(0, 1);
  sigma ~ normal(0, 0.2);
  to_vector(z) ~ normal(0, 1);
  for (i in 1:N) {
    vector[2] V = rep_vector(0, 2);
    vector[T] logit_1;                         // of choosing option 1
    for (t in 1:T) {
      int c = choice[i, t] + 1;
      logit_1[t] = V[2] - V[1];
      V[c] += A[i] * (outcome[i, t] - V[c]);
    }
    choice[i] ~ bernoulli_logit(tau[i] * logit_1);
  }
}
generated quantities {
  real group_A = Phi_approx(mu[1]);
  real group_tau = 5 * Phi_approx(mu[2]);
}
