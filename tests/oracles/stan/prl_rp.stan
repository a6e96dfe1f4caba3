// Delta rule with a rate for rewards and one for punishments, outcomes of -1 and 1.
//   P(c) = softmax(beta V)[c];  V[c] += (r > 0 ? Arew : Apun) (r - V[c]);  V starts at 0
data {
  int<lower=1> N;
  int<lower=1> T;
  int<lower=0, upper=1> choice[N, T];
  vector[T] outcome[N];
}
parameters {
  vector[3] mu;                                // Apun, Arew, beta
  vector<lower=0>[3] sigma;
  matrix[N, 3] z;
}
transformed parameters {
  vector[N] Apun = Phi_approx(mu[1] + sigma[1] * z[, 1]);
  vector[N] Arew = Phi_approx(mu[2] + sigma[2] * z[, 2]);
  vector[N] beta = 10 * Phi_approx(mu[3] + sigma[3] * z[, 3]);
}
model {
  mu ~ normal(0, 1);
  sigma ~ normal(0, 0.2);
  to_vector(z) ~ normal(0, 1);
  for (i in 1:N) {
    vector[2] V = rep_vector(0, 2);
    vector[T] logit_1;
    for (t in 1:T) {
      int c = choice[i, t] + 1;
      logit_1[t] = V[2] - V[1];
      V[c] += (outcome[i, t] > 0 ? Arew[i] : Apun[i]) * (outcome[i, t] - V[c]);
    }
    choice[i] ~ bernoulli_logit(beta[i] * logit_1);
  }
}
generated quantities {
  real group_Apun = Phi_approx(mu[1]);
  real group_Arew = Phi_approx(mu[2]);
  real group_beta = 10 * Phi_approx(mu[3]);
}
