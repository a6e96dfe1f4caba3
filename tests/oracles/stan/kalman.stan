// Kalman filter of K drifting payoffs. Held: lambda = 0.9836, theta = 50, sigma_o = 4, m0 = 50, sigma_0 = 4.
//   P(c) = softmax(beta m)[c];  gain = S[c] / (S[c] + sigma_o^2);  m[c] += gain (r - m[c]);  S[c] *= 1 - gain
//   then for every option m = lambda m + (1 - lambda) theta, S = lambda^2 S + sigma_d^2
data {
  int<lower=1> N;
  int<lower=1> T;
  int<lower=2> K;                              // options
  int<lower=1, upper=K> choice[N, T];
  vector[T] outcome[N];
}
parameters {
  vector[2] mu;                                // sigma_d, beta
  vector<lower=0>[2] sigma;
  matrix[N, 2] z;
}
transformed parameters {
  vector[N] sigma_d = exp(mu[1] + sigma[1] * z[, 1]);
  vector[N] beta = 100 * Phi_approx(mu[2] + sigma[2] * z[, 2]);
}
model {
  mu ~ normal(0, 1);
  sigma ~ normal(0, 0.2);
  to_vector(z) ~ normal(0, 1);
  for (i in 1:N) {
    vector[K] m = rep_vector(50, K);
    vector[K] S = rep_vector(square(4.0), K);
    for (t in 1:T) {
      int c = choice[i, t];
      real gain = S[c] / (S[c] + square(4.0));
      c ~ categorical_logit(beta[i] * m);
      m[c] += gain * (outcome[i, t] - m[c]);
      S[c] *= 1 - gain;
      m = 0.9836 * m + (1 - 0.9836) * 50;
      S = square(0.9836) * S + square(sigma_d[i]);
    }
  }
}
generated quantities {
  real group_sigma_d = exp(mu[1]);
  real group_beta = 100 * Phi_approx(mu[2]);
}
