// Learned values drive a diffusion between two bounds; option 1 is the upper one. z = 0.5 and q0 = 0.5 are held.
//   drift = v (Q[2] - Q[1]);  rt ~ Wiener(a, t0, z, drift);  d = r - Q[c];  Q[c] += (d < 0 ? alpha_neg : alpha_pos) d
data {
  int<lower=1> N;
  int<lower=1> T;
  int<lower=0, upper=1> choice[N, T];
  vector[T] outcome[N];
  vector<lower=0>[T] rt[N];                    // s
}
parameters {
  vector[5] mu;                                // alpha_pos, alpha_neg, v, a, t0
  vector<lower=0>[5] sigma;
  matrix[N, 5] z;
}
transformed parameters {
  vector[N] alpha_pos = Phi_approx(mu[1] + sigma[1] * z[, 1]);
  vector[N] alpha_neg = Phi_approx(mu[2] + sigma[2] * z[, 2]);
  vector[N] v = mu[3] + sigma[3] * z[, 3];
  vector[N] a = 0.05 + 19.95 * Phi_approx(mu[4] + sigma[4] * z[, 4]);
  vector[N] t0 = 5 * Phi_approx(mu[5] + sigma[5] * z[, 5]);
}
model {
  mu ~ normal(0, 1);
  sigma ~ normal(0, 0.2);
  to_vector(z) ~ normal(0, 1);
  for (i in 1:N) {
    vector[2] Q = rep_vector(0.5, 2);
    vector[T] towards;                         // drift towards the bound that was reached
    for (t in 1:T) {
      int c = choice[i, t] + 1;
      real d = outcome[i, t] - Q[c];
      towards[t] = Q[c] - Q[3 - c];
      Q[c] += (d < 0 ? alpha_neg[i] : alpha_pos[i]) * d;
    }
    // Half way between the bounds, passage through the lower one is passage of -drift through the upper.
    rt[i] ~ wiener(a[i], t0[i], 0.5, v[i] * towards);
  }
}
generated quantities {
  real group_alpha_pos = Phi_approx(mu[1]);
  real group_alpha_neg = Phi_approx(mu[2]);
  real group_v = mu[3];
  real group_a = 0.05 + 19.95 * Phi_approx(mu[4]);
  real group_t0 = 5 * Phi_approx(mu[5]);
}
