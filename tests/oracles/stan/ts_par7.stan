// Two-step task in seven parameters. Choice 0 of decision 1 leads to room 1 with probability 0.7.
//   planned[1] = .7 max(Q[1]) + .3 max(Q[2]), planned[2] mirrored;  v = w planned + (1 - w) F
//   P(c1 = 1) = logistic(beta1 (v[2] - v[1]) + pi (2 c1 of the trial before - 1)), without pi on trial 1
//   P(c2 = 1) = logistic(beta2 (Q[s][2] - Q[s][1]))
//   F[c1] += a1 (Q[s][c2] - F[c1]);  Q[s][c2] += a2 (r - Q[s][c2]);  F[c1] += lambda a1 (r - Q[s][c2])
data {
  int<lower=1> N;
  int<lower=1> T;
  int<lower=0, upper=1> choice1[N, T];
  int<lower=1, upper=2> room[N, T];
  int<lower=0, upper=1> choice2[N, T];
  vector[T] outcome[N];
}
parameters {
  vector[7] mu;                                // a1, beta1, a2, beta2, pi, w, lambda
  vector<lower=0>[7] sigma;
  matrix[N, 7] z;
}
transformed parameters {
  vector[N] a1 = Phi_approx(mu[1] + sigma[1] * z[, 1]);
  vector[N] beta1 = exp(mu[2] + sigma[2] * z[, 2]);
  vector[N] a2 = Phi_approx(mu[3] + sigma[3] * z[, 3]);
  vector[N] beta2 = exp(mu[4] + sigma[4] * z[, 4]);
  vector[N] stay = 5 * Phi_approx(mu[5] + sigma[5] * z[, 5]);  // pi: Stan has a function of that name
  vector[N] w = Phi_approx(mu[6] + sigma[6] * z[, 6]);
  vector[N] lambda = Phi_approx(mu[7] + sigma[7] * z[, 7]);
}
model {
  mu ~ normal(0, 1);
  sigma ~ normal(0, 0.2);
  to_vector(z) ~ normal(0, 1);
  for (i in 1:N) {
    vector[2] F = rep_vector(0, 2);
    matrix[2, 2] Q = rep_matrix(0, 2, 2);      // [room, action]
    vector[T] x1;
    vector[T] x2;
    for (t in 1:T) {
      int s = room[i, t];
      int c1 = choice1[i, t] + 1;
      int c2 = choice2[i, t] + 1;
      real planned = 0.4 * (fmax(Q[2, 1], Q[2, 2]) - fmax(Q[1, 1], Q[1, 2]));  // planned[2] - planned[1]
      real before = Q[s, c2];
      x1[t] = beta1[i] * (w[i] * planned + (1 - w[i]) * (F[2] - F[1]));
      if (t > 1) x1[t] += stay[i] * (2 * choice1[i, t - 1] - 1);
      x2[t] = Q[s, 2] - Q[s, 1];
      F[c1] += a1[i] * (before - F[c1]);
      Q[s, c2] = before + a2[i] * (outcome[i, t] - before);
      F[c1] += lambda[i] * a1[i] * (outcome[i, t] - Q[s, c2]);
    }
    choice1[i] ~ bernoulli_logit(x1);
    choice2[i] ~ bernoulli_logit(beta2[i] * x2);
  }
}
generated quantities {
  real group_a1 = Phi_approx(mu[1]);
  real group_beta1 = exp(mu[2]);
  real group_a2 = Phi_approx(mu[3]);
  real group_beta2 = exp(mu[4]);
  real group_stay = 5 * Phi_approx(mu[5]);
  real group_w = Phi_approx(mu[6]);
  real group_lambda = Phi_approx(mu[7]);
}
