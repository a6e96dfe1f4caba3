// Go/no-go under a Pavlovian bias with two sensitivities. Choice 1 is go.
//   x = Q[s][go] + b + pi V[s] - Q[s][nogo];  P(go) = (1 - xi) logistic(x) + xi / 2
//   m = (o >= 0 ? rhoRew : rhoPun) o;  V[s] += ep (m - V[s]);  Q[s][c] += ep (m - Q[s][c]);  all start at 0
data {
  int<lower=1> N;
  int<lower=1> T;
  int<lower=1> S;                              // cues
  int<lower=1, upper=S> state[N, T];
  int<lower=0, upper=1> choice[N, T];
  vector[T] outcome[N];
}
parameters {
  vector[6] mu;                                // xi, ep, b, pi, rhoRew, rhoPun
  vector<lower=0>[6] sigma;
  matrix[N, 6] z;
}
transformed parameters {
  vector[N] xi = Phi_approx(mu[1] + sigma[1] * z[, 1]);
  vector[N] ep = Phi_approx(mu[2] + sigma[2] * z[, 2]);
  vector[N] b = mu[3] + sigma[3] * z[, 3];
  vector[N] pavlov = mu[4] + sigma[4] * z[, 4];  // pi: Stan has a function of that name
  vector[N] rhoRew = exp(mu[5] + sigma[5] * z[, 5]);
  vector[N] rhoPun = exp(mu[6] + sigma[6] * z[, 6]);
}
model {
  mu[1:2] ~ normal(0, 1);
  mu[3:4] ~ normal(0, 10);
  mu[5:6] ~ normal(0, 1);
  sigma[1:2] ~ normal(0, 0.2);
  sigma[3:4] ~ cauchy(0, 1);
  sigma[5:6] ~ normal(0, 0.2);
  to_vector(z) ~ normal(0, 1);
  for (i in 1:N) {
    vector[S] V = rep_vector(0, S);
    matrix[S, 2] Q = rep_matrix(0, S, 2);
    vector[T] x;
    for (t in 1:T) {
      int s = state[i, t];
      int c = choice[i, t] + 1;
      real m = (outcome[i, t] >= 0 ? rhoRew[i] : rhoPun[i]) * outcome[i, t];
      x[t] = Q[s, 2] + b[i] + pavlov[i] * V[s] - Q[s, 1];
      V[s] += ep[i] * (m - V[s]);
      Q[s, c] += ep[i] * (m - Q[s, c]);
    }
    choice[i] ~ bernoulli((1 - xi[i]) * inv_logit(x) + 0.5 * xi[i]);
  }
}
generated quantities {
  real group_xi = Phi_approx(mu[1]);
  real group_ep = Phi_approx(mu[2]);
  real group_b = mu[3];
  real group_pavlov = mu[4];
  real group_rhoRew = exp(mu[5]);
  real group_rhoPun = exp(mu[6]);
}
