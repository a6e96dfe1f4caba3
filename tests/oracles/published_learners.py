"""Oracles: plain transcriptions of published learner models, one function a model.

Every model is called as  model(params, trials)  and returns a dict:
    loglik        list, one log-likelihood a trial (0.0 where there is nothing to score)
    trajectories  dict of lists, one entry a trial (what each holds is said in the function)
params is a dict of floats (lists where said); trials is a dict of columns, None = missing.

House rules for missing entries, the same everywhere unless a function says otherwise:
  - no choice: log-likelihood 0, nothing learned, and no memory of the last choice is changed;
  - choice but no outcome: the choice is scored and remembered (stickiness, choice kernel, forgetting);
    no value is updated;
  - exact Bayesian filters of a moving world (Kalman, Behrens, HMM) let the world move on every trial and skip only
    the observation; HGF and VKF hold their state on a missing input, as TAPAS does for ignored trials.
Choices, arms, states and cues count from 0.  Sources: DOI at each function.
"""
from math import log, exp, sqrt, pi, erf, sin, ceil, tanh, inf
import math
import numpy as np
from scipy.special import gammaln


# ---------------------------------------------------------------- helpers
def logistic(x):
    return 1.0 / (1.0 + exp(-x)) if x >= 0 else exp(x) / (1.0 + exp(x))


def log_logistic(x):
    """ln(1/(1+e^-x)), exact in both tails."""
    return -log1p_exp(-x)


def log1p_exp(x):
    return x + np.log1p(exp(-x)) if x > 0 else float(np.log1p(exp(x)))


def log_softmax(u):
    """ln of softmax(u), by subtracting the largest."""
    m = max(u)
    s = log(sum(exp(x - m) for x in u))
    return [x - m - s for x in u]


def log_lapse(logp, eps, n):
    """ln[(1-eps) p + eps/n]"""
    return logp if eps == 0 else log((1 - eps) * exp(logp) + eps / n)


def log_normal(x, mean, var):
    return -0.5 * log(2 * pi * var) - 0.5 * (x - mean) ** 2 / var


def binary_loglik(logit, y):
    return float(log_logistic(logit) if y == 1 else log_logistic(-logit))


def clip(x, lo, hi):
    return min(max(x, lo), hi)


# ---------------------------------------------------------------- delta learner and the parts that combine with it
def delta_learner(params, trials):
    """Delta rule with softmax; parts are off at 0 (or when left out).
    Sutton & Barto 2018 eq. 2.5; dual rates Frank et al. 2007 10.1073/pnas.0706111104; stickiness Lau & Glimcher 2005
    10.1901/jeab.2005.110-04; choice kernel Wilson & Collins 2019 10.7554/eLife.49547 eq. 5; forgetting Ito & Doya 2009
    10.1523/JNEUROSCI.6157-08.2009; lapse (epsilon-softmax) Nassar & Frank 2016 10.1016/j.cobeha.2016.04.003.
    params n_arms, alpha, beta; alpha_neg (default alpha); q0 (0); forget; kappa; alpha_ck, beta_ck; lapse.
    trials choice, outcome.
      1 u_a = beta Q_a + kappa [a = last choice] + beta_ck CK_a          (CK starts at 0; no kappa before a first choice)
      2 p   = (1-lapse) softmax(u) + lapse/n_arms                        -> loglik
      3 CK_a += alpha_ck ([a=c] - CK_a) for all a ; last choice = c
      4 unchosen Q_a += forget (q0 - Q_a)
      5 delta = r - Q_c ; Q_c += (delta >= 0 ? alpha : alpha_neg) delta
    trajectories: q (values before the choice, list of lists), ck (same), pe (delta or None)."""
    n = int(params["n_arms"]); a_pos = params["alpha"]; a_neg = params.get("alpha_neg", a_pos)
    beta = params["beta"]; q0 = params.get("q0", 0.0); f = params.get("forget", 0.0); kappa = params.get("kappa", 0.0)
    a_ck = params.get("alpha_ck", 0.0); b_ck = params.get("beta_ck", 0.0); eps = params.get("lapse", 0.0)
    q = [q0] * n; ck = [0.0] * n; last = None
    ll = []; tq = []; tck = []; tpe = []
    for c, r in zip(trials["choice"], trials["outcome"]):
        tq.append(q[:]); tck.append(ck[:])
        if c is None:
            ll.append(0.0); tpe.append(None); continue
        u = [beta * q[a] + (kappa if a == last else 0.0) + b_ck * ck[a] for a in range(n)]
        ll.append(log_lapse(log_softmax(u)[c], eps, n))
        for a in range(n):
            ck[a] += a_ck * ((1.0 if a == c else 0.0) - ck[a])
            if a != c:
                q[a] += f * (q0 - q[a])
        last = c
        if r is None:
            tpe.append(None); continue
        d = r - q[c]
        q[c] += (a_pos if d >= 0 else a_neg) * d
        tpe.append(d)
    return dict(loglik=ll, trajectories=dict(q=tq, ck=tck, pe=tpe))


# ---------------------------------------------------------------- the packages' models (fitting.md's table)
def bandit2arm_delta(params, trials):
    """fitting.md; Erev 2010 form of the delta rule. params A, tau. trials choice (0,1), outcome (+1/-1)."""
    return delta_learner(dict(n_arms=2, alpha=params["A"], beta=params["tau"]), trials)


def prl_rp(params, trials):
    """Reward-punishment learner. den Ouden et al. 2013 10.1016/j.neuron.2013.08.030.
    params Arew, Apun, beta. The rate follows the sign of the outcome, not of the error: outcome > 0 -> Arew."""
    ev = [0.0, 0.0]; ll = []; t = []
    for c, o in zip(trials["choice"], trials["outcome"]):
        t.append(ev[:])
        if c is None:
            ll.append(0.0); continue
        ll.append(log_softmax([params["beta"] * e for e in ev])[c])
        if o is None:
            continue
        ev[c] += (params["Arew"] if o > 0 else params["Apun"]) * (o - ev[c])
    return dict(loglik=ll, trajectories=dict(ev=t))


def prl_ewa(params, trials):
    """Experience-weighted attraction. den Ouden et al. 2013 10.1016/j.neuron.2013.08.030; Camerer & Ho 1999
    10.1111/1468-0262.00054. params phi, rho, beta. w=ew[c]; ew[c]=ew[c] rho+1; ev[c]=(ev[c] phi w+o)/ew[c]; start 0."""
    ev = [0.0, 0.0]; ew = [0.0, 0.0]; ll = []; tv = []; tw = []
    for c, o in zip(trials["choice"], trials["outcome"]):
        tv.append(ev[:]); tw.append(ew[:])
        if c is None:
            ll.append(0.0); continue
        ll.append(log_softmax([params["beta"] * e for e in ev])[c])
        if o is None:
            continue
        w = ew[c]
        ew[c] = w * params["rho"] + 1.0
        ev[c] = (ev[c] * params["phi"] * w + o) / ew[c]
    return dict(loglik=ll, trajectories=dict(ev=tv, ew=tw))


def fictitious_update(params, trials):
    """Fictitious update with an indecision point. Glaescher, Hampton & O'Doherty 2009 10.1093/cercor/bhn098.
    params eta, alpha, beta; eta_neg (default eta): rate of both where the chosen error is negative
    (as the packages that fit two rates have it). outcome +1/-1, 2 options.
      P(0) = 1/(1+exp(beta (alpha - (ev0 - ev1)))) ; ev_c += eta (o - ev_c) ; ev_other += eta (-o - ev_other)."""
    ev = [0.0, 0.0]; ll = []; t = []
    pos = params["eta"]; neg = params.get("eta_neg", pos)
    for c, o in zip(trials["choice"], trials["outcome"]):
        t.append(ev[:])
        if c is None:
            ll.append(0.0); continue
        x = params["beta"] * ((ev[0] - ev[1]) - params["alpha"])
        ll.append(binary_loglik(x, 1 if c == 0 else 0))
        if o is None:
            continue
        d, dn = o - ev[c], -o - ev[1 - c]
        rate = pos if d >= 0 else neg
        ev[c] += rate * d
        ev[1 - c] += rate * dn
    return dict(loglik=ll, trajectories=dict(ev=t))


def gng_m4(params, trials):
    """Go/no-go with a Pavlovian bias, separate reward and punishment sensitivity. Guitart-Masip et al. 2012
    10.1016/j.neuroimage.2012.04.024; Cavanagh et al. 2013 10.1523/JNEUROSCI.5754-12.2013; fitting.md.
    params xi, ep, b, pi, rhoRew, rhoPun. trials cue (0..3), choice (1 = go), outcome.
      z = q_go + b + pi sv - q_nogo ; pGo = logistic(z)(1-xi) + xi/2
      rho = outcome >= 0 ? rhoRew : rhoPun ; sv += ep (rho o - sv) ; q_choice += ep (rho o - q_choice)."""
    n = 1 + max(trials["cue"])
    go = [0.0] * n; no = [0.0] * n; sv = [0.0] * n; ll = []; t = []
    for s, c, o in zip(trials["cue"], trials["choice"], trials["outcome"]):
        t.append([go[s], no[s], sv[s]])
        if c is None:
            ll.append(0.0); continue
        z = go[s] + params["b"] + params["pi"] * sv[s] - no[s]
        xi = params["xi"]
        ll.append(log((1 - xi) * logistic(z if c == 1 else -z) + xi / 2))
        if o is None:
            continue
        rho = params["rhoRew"] if o >= 0 else params["rhoPun"]
        sv[s] += params["ep"] * (rho * o - sv[s])
        q = go if c == 1 else no
        q[s] += params["ep"] * (rho * o - q[s])
    return dict(loglik=ll, trajectories=dict(go_nogo_sv=t))


# ---------------------------------------------------------------- cue learners: attention and summed error
def rw_summed(params, trials):
    """Rescorla & Wagner 1972 (in Black & Prokasy, Classical Conditioning II), V_i += alpha_i x_i (r - sum_j V_j x_j).
    params alpha (list, one a cue), beta, theta (0.5). trials cues (list of 0/1 or real vectors), choice (1 = predicts
    the outcome), outcome. Response P(1) = logistic(beta (sum V x - theta)). trajectories v (before the trial), pe."""
    a = params["alpha"]; v = [0.0] * len(a); theta = params.get("theta", 0.5)
    ll = []; tv = []; tp = []
    for x, c, r in zip(trials["cues"], trials["choice"], trials["outcome"]):
        tv.append(v[:])
        s = sum(vi * xi for vi, xi in zip(v, x))
        ll.append(0.0 if c is None else binary_loglik(params["beta"] * (s - theta), c))
        if r is None:                                   # Pavlovian: learning needs the outcome, not the response
            tp.append(None); continue
        d = r - s
        for i in range(len(v)):
            v[i] += a[i] * x[i] * d
        tp.append(d)
    return dict(loglik=ll, trajectories=dict(v=tv, pe=tp))


def pearce_hall(params, trials):
    """Pearce & Hall 1980 10.1037/0033-295X.87.6.532 in the form of science.md B3 (Li et al. 2011 10.1038/nn.2904), an
    associability an arm. params n_arms, kappa, eta, alpha0, v0 (0), beta. trials choice, outcome.
      delta = r - V_c ; V_c += kappa alpha_c delta with the old alpha ; alpha_c = eta |delta| + (1-eta) alpha_c."""
    n = int(params["n_arms"]); v = [params.get("v0", 0.0)] * n; a = [params["alpha0"]] * n
    ll = []; tv = []; ta = []
    for c, r in zip(trials["choice"], trials["outcome"]):
        tv.append(v[:]); ta.append(a[:])
        if c is None:
            ll.append(0.0); continue
        ll.append(log_softmax([params["beta"] * q for q in v])[c])
        if r is None:
            continue
        d = r - v[c]
        v[c] += params["kappa"] * a[c] * d
        a[c] = params["eta"] * abs(d) + (1 - params["eta"]) * a[c]
    return dict(loglik=ll, trajectories=dict(v=tv, associability=ta))


def pearce_hall_cues(params, trials):
    """The same with cues in compound: delta is summed over the cues present, and |delta| is shared by them.
    params n_cues, kappa, eta, alpha0, beta, theta (0.5). trials as rw_summed (cues 0/1)."""
    n = int(params["n_cues"]); v = [0.0] * n; a = [params["alpha0"]] * n; theta = params.get("theta", 0.5)
    ll = []; tv = []; ta = []
    for x, c, r in zip(trials["cues"], trials["choice"], trials["outcome"]):
        tv.append(v[:]); ta.append(a[:])
        s = sum(vi * xi for vi, xi in zip(v, x))
        ll.append(0.0 if c is None else binary_loglik(params["beta"] * (s - theta), c))
        if r is None:
            continue
        d = r - s
        for i in range(n):
            if x[i] != 0:
                v[i] += params["kappa"] * a[i] * x[i] * d
                a[i] = params["eta"] * abs(d) + (1 - params["eta"]) * a[i]
    return dict(loglik=ll, trajectories=dict(v=tv, associability=ta))


def mackintosh(params, trials):
    """Mackintosh 1975 10.1037/h0076778: attention to a cue grows when it predicts better than the rest.
    params n_cues, lr, gamma, alpha0, alpha_min, alpha_max (1), beta, theta (0.5), summed (1: V moves by the summed error,
    as in Pearce & Mackintosh 2010; 0: by the cue's own error, as in 1975). trials as rw_summed (cues 0/1).
      V_i += lr alpha_i e_i with the old alpha, e_i = r - sum_j V_j x_j  or  r - V_i
      alpha_i += gamma (|r - sum_{j != i} V_j x_j| - |r - V_i|) from the old V, then clipped; cues present only."""
    n = int(params["n_cues"]); v = [0.0] * n; a = [params["alpha0"]] * n; theta = params.get("theta", 0.5)
    ll = []; tv = []; ta = []
    for x, c, r in zip(trials["cues"], trials["choice"], trials["outcome"]):
        tv.append(v[:]); ta.append(a[:])
        s = sum(vi * xi for vi, xi in zip(v, x))
        ll.append(0.0 if c is None else binary_loglik(params["beta"] * (s - theta), c))
        if r is None:
            continue
        old = v[:]
        for i in range(n):
            if x[i] == 0:
                continue
            e = r - s if params["summed"] == 1 else r - old[i]
            v[i] += params["lr"] * a[i] * x[i] * e
            a[i] = clip(a[i] + params["gamma"] * (abs(r - (s - old[i] * x[i])) - abs(r - old[i])),
                        params["alpha_min"], params.get("alpha_max", 1.0))
    return dict(loglik=ll, trajectories=dict(v=tv, attention=ta))


# ---------------------------------------------------------------- Bayesian filters
def kalman_bandit(params, trials):
    """Kalman filter on a restless bandit. Daw et al. 2006 10.1038/nature04766, supplementary equations; science.md B8.
    params n_arms, lam, theta, sigma_d, sigma_o, mu0, sigma0 (prior of the first trial), beta, phi (0: bonus phi*sd).
    m, P below are the prior of the trial (after diffusion), what the choice sees:
      u_a = beta (m_a + phi sqrt(P_a)) ; chosen: K = P/(P+sigma_o^2), m += K (r-m), P = (1-K) P
      then every arm, every trial: m = lam m + (1-lam) theta ; P = lam^2 P + sigma_d^2.
    trajectories: m, P (priors before the choice), gain (K or None)."""
    n = int(params["n_arms"]); m = [params["mu0"]] * n; P = [params["sigma0"] ** 2] * n
    lam = params["lam"]; phi = params.get("phi", 0.0)
    ll = []; tm = []; tP = []; tk = []
    for c, r in zip(trials["choice"], trials["outcome"]):
        tm.append(m[:]); tP.append(P[:])
        k = None
        if c is None:
            ll.append(0.0)
        else:
            ll.append(log_softmax([params["beta"] * (m[a] + phi * sqrt(P[a])) for a in range(n)])[c])
            if r is not None:
                k = P[c] / (P[c] + params["sigma_o"] ** 2)
                m[c] += k * (r - m[c])
                P[c] = (1 - k) * P[c]
        tk.append(k)
        for a in range(n):
            m[a] = lam * m[a] + (1 - lam) * params["theta"]
            P[a] = lam * lam * P[a] + params["sigma_d"] ** 2
    return dict(loglik=ll, trajectories=dict(m=tm, P=tP, gain=tk))


def hgf_binary(params, trials):
    """Binary HGF, 2 or 3 levels. Mathys et al. 2011 10.3389/fnhum.2011.00039; 2014 10.3389/fnhum.2014.00825 (TAPAS form).
    params levels, mu2, pi2, omega2, kappa1 (1), zeta ; 3 levels: mu3, pi3, omega3, kappa2.
    trials input (0/1), choice (0/1, of the same trial: made before the input). Response (unit-square sigmoid)
      P(1) = muhat1^zeta / (muhat1^zeta + (1-muhat1)^zeta) = logistic(zeta kappa1 mu2).
    trajectories: muhat1 (before the input), surprise (-ln Bernoulli(u; muhat1)), mu2, pi2, mu3, pi3 (after it).
    A posterior precision <= 0 at level 3 makes the parameters invalid: ValueError."""
    L = int(params["levels"]); k1 = params.get("kappa1", 1.0); m2, p2 = params["mu2"], params["pi2"]
    m3, p3, k2 = (params["mu3"], params["pi3"], params["kappa2"]) if L == 3 else (0.0, 1.0, 0.0)
    ll = []; T = dict(muhat1=[], surprise=[], mu2=[], pi2=[], mu3=[], pi3=[])
    for u, y in zip(trials["input"], trials["choice"]):
        mh1 = logistic(k1 * m2)
        T["muhat1"].append(mh1)
        ll.append(0.0 if y is None else binary_loglik(params["zeta"] * k1 * m2, y))
        if u is None:
            T["surprise"].append(0.0)
        else:
            T["surprise"].append(-binary_loglik(k1 * m2, u))
            v2 = exp(k2 * m3 + params["omega2"])
            ph2 = 1.0 / (1.0 / p2 + v2)                       # predicted precision, level 2
            p2n = ph2 + k1 * k1 * mh1 * (1 - mh1)
            m2n = m2 + k1 * (u - mh1) / p2n
            if L == 3:
                d2 = (1.0 / p2n + (m2n - m2) ** 2) * ph2 - 1.0    # volatility error
                w2 = v2 * ph2
                p3 = 1.0 / (1.0 / p3 + exp(params["omega3"])) + 0.5 * k2 * k2 * w2 * (w2 + (2 * w2 - 1) * d2)
                if p3 <= 0:
                    raise ValueError("HGF: negative precision at level 3")
                m3 = m3 + 0.5 * k2 * w2 * d2 / p3
            m2, p2 = m2n, p2n
        for k, x in (("mu2", m2), ("pi2", p2), ("mu3", m3), ("pi3", p3)):
            T[k].append(x)
    return dict(loglik=ll, trajectories=T)


def hgf_continuous(params, trials):
    """Continuous HGF, 2 or 3 levels. Mathys et al. 2014 10.3389/fnhum.2014.00825 eqs 9-14 and appendix (TAPAS form).
    params levels, mu (list), pi (list), omega (list: the last is the top level's own), kappa (list, levels-1),
    log_alpha (ln variance of the input noise), rho1 (0: drift of level 1), log_zeta (ln variance of the report).
    trials input (real), report (real, made before the input): report ~ N(muhat1, zeta).
    trajectories: muhat1, pihat1 before; surprise = -ln N(u; muhat1, 1/pihat1 + alpha); mu1.., pi1.. after."""
    L = int(params["levels"]); mu = list(params["mu"]); p = list(params["pi"]); om = params["omega"]; ka = params["kappa"]
    alpha = exp(params["log_alpha"]); zeta = exp(params["log_zeta"])
    ll = []; T = dict(muhat1=[], pihat1=[], surprise=[], mu=[], pi=[])
    for u, y in zip(trials["input"], trials["report"]):
        muhat = mu[:]; muhat[0] += params.get("rho1", 0.0)
        v = [exp((ka[i] * mu[i + 1] if i < L - 1 else 0.0) + om[i]) for i in range(L)]
        pihat = [1.0 / (1.0 / p[i] + v[i]) for i in range(L)]
        T["muhat1"].append(muhat[0]); T["pihat1"].append(pihat[0])
        ll.append(0.0 if y is None else log_normal(y, muhat[0], zeta))
        if u is None:                                       # hold every level, no drift (TAPAS, ignored trial)
            T["surprise"].append(0.0)
        else:
            T["surprise"].append(-log_normal(u, muhat[0], 1.0 / pihat[0] + alpha))
            p[0] = pihat[0] + 1.0 / alpha
            mu[0] = muhat[0] + (u - muhat[0]) / alpha / p[0]
            for i in range(1, L):                            # level i learns from the error of level i-1
                d = (1.0 / p[i - 1] + (mu[i - 1] - muhat[i - 1]) ** 2) * pihat[i - 1] - 1.0
                w = v[i - 1] * pihat[i - 1]; k = ka[i - 1]
                p[i] = pihat[i] + 0.5 * k * k * w * (w + (2 * w - 1) * d)
                if p[i] <= 0:
                    raise ValueError("HGF: negative precision at level %d" % (i + 1))
                mu[i] = muhat[i] + 0.5 * k * w * d / p[i]
        T["mu"].append(mu[:]); T["pi"].append(p[:])
    return dict(loglik=ll, trajectories=T)


def vkf_binary(params, trials):
    """Volatile Kalman filter, binary. Piray & Daw 2020 10.1371/journal.pcbi.1007963 eqs 9-14 with the binary step.
    params lam, v0, omega, beta; w0 (default omega), m0 (0). trials input (0/1), choice (0/1, before the input).
      P(1) = logistic(beta m); k = (w+v)/(w+v+omega); m += sqrt(w+v)(o - logistic(m)); w' = (1-k)(w+v);
      cov = (1-k) w; v += lam ((dm)^2 + w + w' - 2 cov - v); w = w'.   trajectories m, w, v after the input."""
    m = params.get("m0", 0.0); w = params.get("w0", params["omega"]); v = params["v0"]
    ll = []; tm = []; tw = []; tv = []
    for o, y in zip(trials["input"], trials["choice"]):
        ll.append(0.0 if y is None else binary_loglik(params["beta"] * m, y))
        if o is not None:
            k = (w + v) / (w + v + params["omega"])
            dm = sqrt(w + v) * (o - logistic(m))
            w_new = (1 - k) * (w + v)
            cov = (1 - k) * w
            v = v + params["lam"] * (dm * dm + w + w_new - 2 * cov - v)
            m, w = m + dm, w_new
        tm.append(m); tw.append(w); tv.append(v)
    return dict(loglik=ll, trajectories=dict(m=tm, w=tw, v=tv))


_behrens_tables = {}


def behrens_grid(params, trials):
    """Grid filter of a reward rate and its volatility. Behrens et al. 2007 10.1038/nn1954, methods; science.md B8.
    params beta. trials input (1: option 1 would pay), choice (0/1, before the input), optional magnitude0, magnitude1.
    Response P(1) = logistic(beta (m1 q - m0 (1-q))), q = predictive mean of the rate: after the moves, before the input.
    trajectories: q (predictive), p (posterior mean of the rate), I (posterior mean of ln strength), K (of ln k).
    Each trial: I moves ~ N(I, k), p moves ~ Beta(1+e^I p, 1+e^I (1-p)) with the new I, x likelihood (skipped: no input)."""
    if not _behrens_tables:
        p = np.linspace(0.01, 0.99, 50); I = np.linspace(log(2), log(1e4), 43); K = np.linspace(log(5e-4), log(20), 53)
        TI = np.empty((43, 43, 53))                          # new I, old I, k
        for l in range(53):
            TI[:, :, l] = np.exp(-0.5 * ((I[:, None] - I[None, :]) / exp(K[l])) ** 2)
        TI /= TI.sum(axis=0)
        TP = np.empty((50, 50, 43))                          # new p, old p, I
        for j in range(50):
            for k in range(43):
                a, b = 1 + exp(I[k]) * p[j], 1 + exp(I[k]) * (1 - p[j])
                TP[:, j, k] = np.exp((a - 1) * np.log(p) + (b - 1) * np.log(1 - p) + gammaln(a + b) - gammaln(a) - gammaln(b))
        TP /= TP.sum(axis=0)
        _behrens_tables.update(p=p, I=I, K=K, TI=TI, TP=TP)
    t = _behrens_tables
    z = np.full((50, 43, 53), 1.0 / (50 * 43 * 53))
    n = len(trials["input"])
    m0 = trials.get("magnitude0", [1.0] * n); m1 = trials.get("magnitude1", [1.0] * n)
    ll = []; tq = []; tp = []; tI = []; tK = []
    for i in range(n):
        u, y = trials["input"][i], trials["choice"][i]
        z = np.einsum("jkl,ikl->ijl", t["TI"], z)
        z = np.einsum("ijk,jkl->ikl", t["TP"], z)
        z /= z.sum()
        q = float(z.sum(axis=(1, 2)) @ t["p"])
        ll.append(0.0 if y is None else binary_loglik(params["beta"] * (m1[i] * q - m0[i] * (1 - q)), y))
        if u is not None:
            z = z * (t["p"] if u == 1 else 1 - t["p"])[:, None, None]
            z /= z.sum()
        tq.append(q); tp.append(float(z.sum(axis=(1, 2)) @ t["p"]))
        tI.append(float(z.sum(axis=(0, 2)) @ t["I"])); tK.append(float(z.sum(axis=(0, 1)) @ t["K"]))
    return dict(loglik=ll, trajectories=dict(q=tq, p=tp, I=tI, K=tK))


def reduced_bayes(params, trials):
    """Reduced Bayesian change-point model. Nassar et al. 2010 10.1523/JNEUROSCI.0822-10.2010; 2012 10.1038/nn.3130.
    params H, sigma, U (1/300), tau0 (.5), B0 (150), sigma_report; anchor (0): 1 takes the subject's report for B.
    trials outcome (real), report (real, before the outcome): report ~ N(B, sigma_report^2).
      delta = X - B ; Omega = U H / (U H + N(delta; 0, sigma^2/(1-tau)) (1-H)) ; alpha = Omega + (1-Omega) tau ; B += alpha delta
      tau' = num/(num + sigma^2), num = Omega sigma^2 + (1-Omega) tau sigma^2 + Omega (1-Omega) (delta (1-tau))^2.
    anchor = 1: where there is a report, delta = X - report and B' = report + alpha delta (the report itself is scored
    against the B carried over). trajectories: B, tau (before the outcome), omega, alpha (None without one)."""
    B = params.get("B0", 150.0); tau = params.get("tau0", 0.5); H = params["H"]; U = params.get("U", 1.0 / 300); s2 = params["sigma"] ** 2
    ll = []; T = dict(B=[], tau=[], omega=[], alpha=[])
    for X, y in zip(trials["outcome"], trials["report"]):
        T["B"].append(B); T["tau"].append(tau)
        ll.append(0.0 if y is None else log_normal(y, B, params["sigma_report"] ** 2))
        if params.get("anchor", 0) == 1 and y is not None:
            B = y
        if X is None:
            T["omega"].append(None); T["alpha"].append(None); continue
        d = X - B
        om = U * H / (U * H + exp(log_normal(d, 0.0, s2 / (1 - tau))) * (1 - H))
        al = om + (1 - om) * tau
        B += al * d
        num = om * s2 + (1 - om) * tau * s2 + om * (1 - om) * (d * (1 - tau)) ** 2
        tau = num / (num + s2)
        T["omega"].append(om); T["alpha"].append(al)
    return dict(loglik=ll, trajectories=T)


def hmm_reversal(params, trials):
    """Two-state HMM of a reversal task. Hampton et al. 2006 10.1523/JNEUROSCI.1010-06.2006; science.md B8.
    params h, L (P(reward | good option) = P(no reward | bad)), beta. trials choice (0/1), outcome (0/1).
    b = P(option 0 is the good one). Each trial b = (1-h) b + h (1-b); P(0) = logistic(beta (2b-1)); then x likelihood.
    trajectories b_prior (after the move), b (posterior)."""
    b = 0.5; h = params["h"]; ll = []; tp = []; tb = []
    for c, r in zip(trials["choice"], trials["outcome"]):
        b = (1 - h) * b + h * (1 - b)
        tp.append(b)
        ll.append(0.0 if c is None else binary_loglik(params["beta"] * (2 * b - 1), 1 if c == 0 else 0))
        if c is not None and r is not None:
            like = params["L"] if (c == 0) == (r == 1) else 1 - params["L"]
            b = b * like / (b * like + (1 - b) * (1 - like))
        tb.append(b)
    return dict(loglik=ll, trajectories=dict(b_prior=tp, b=tb))


# ---------------------------------------------------------------- latent causes
def crp_prior(z, times, now, alpha, kernel, k_used, k_max):
    """CRP prior over the k_used causes and, if k_used < k_max, one new cause. Gershman et al. 2010 10.1037/a0017808
    (kernel 0: one per past trial); 2017 10.7554/eLife.23763 (kernel 1: 1/(now - t'))."""
    w = [0.0] * k_used
    for k, t in zip(z, times):
        w[k] += 1.0 / (now - t) if kernel else 1.0
    if k_used < k_max:
        w.append(alpha)
    s = sum(w)
    return [x / s for x in w]


def latent_cause(params, trials):
    """Latent-cause learner with RW weights. Gershman, Blei & Niv 2010 10.1037/a0017808; Gershman et al. 2017
    10.7554/eLife.23763; reading of science.md B8:
    params alpha_crp, kernel (0/1), sd_x, sd_r, lr, sweeps, k_max, x_new (feature mean of an empty cause; science.md has
    none; with 0 a new cause fits no cue better than an old one and is never opened), beta, theta (0.5).
    trials cues (real vectors), outcome, time (increasing), choice (1 = predicts the outcome).
      1 prior(k) = CRP from the hard assignments so far ; 2 px(k) ~ prior prod_d N(x_d; mean_kd, sd_x^2), new cause: mean x_new, w 0
      3 V = sum_k px(k) w_k.x ; P(1) = logistic(beta (V - theta))
      4 sweeps times: post(k) ~ px(k) N(r; w_k.x, sd_r^2) ; then every candidate k: w_k += lr post(k) (r - w_k.x) x
      5 post once more ; z = argmax (lowest on ties) ; count and mean of cause z take the trial in. A candidate new cause
        that is not chosen is thrown away with its weights. No outcome: z = argmax px, no weights move.
    trajectories V, z, n_causes, post_max."""
    sx, sr = params["sd_x"] ** 2, params["sd_r"] ** 2; D = len(trials["cues"][0]); K = int(params["k_max"])
    z = []; times = []; count = []; total = []; W = []
    ll = []; T = dict(V=[], z=[], n_causes=[], post_max=[])
    for x, r, t, c in zip(trials["cues"], trials["outcome"], trials["time"], trials["choice"]):
        prior = crp_prior(z, times, t, params["alpha_crp"], params["kernel"], len(W), K)
        w = [wk[:] for wk in W] + ([[0.0] * D] if len(prior) > len(W) else [])
        mean = [[s / n for s in tot] for n, tot in zip(count, total)] + ([[params["x_new"]] * D] if len(prior) > len(W) else [])
        px = [p * exp(sum(log_normal(x[d], mean[k][d], sx) for d in range(D))) for k, p in enumerate(prior)]
        s = sum(px); px = [p / s for p in px]
        dot = lambda k: sum(w[k][d] * x[d] for d in range(D))
        V = sum(px[k] * dot(k) for k in range(len(px)))
        ll.append(0.0 if c is None else binary_loglik(params["beta"] * (V - params.get("theta", 0.5)), c))
        if r is None:
            post = px
        else:
            def posterior():
                q = [px[k] * exp(log_normal(r, dot(k), sr)) for k in range(len(px))]
                s = sum(q)
                return [a / s for a in q]
            for _ in range(int(params["sweeps"])):
                post = posterior()
                for k in range(len(px)):
                    e = r - dot(k)
                    for d in range(D):
                        w[k][d] += params["lr"] * post[k] * e * x[d]
            post = posterior()
        best = post.index(max(post))
        if best == len(W):
            W.append(None); count.append(0); total.append([0.0] * D)
        W = [w[k] for k in range(len(W))]
        count[best] += 1
        total[best] = [a + b for a, b in zip(total[best], x)]
        z.append(best); times.append(t)
        T["V"].append(V); T["z"].append(best); T["n_causes"].append(len(W)); T["post_max"].append(max(post))
    return dict(loglik=ll, trajectories=T)


# ---------------------------------------------------------------- two-step task
def two_step_daw(params, trials):
    """Hybrid of SARSA(lambda) and planning. Daw et al. 2011 10.1016/j.neuron.2011.02.027, methods; science.md B8.
    params alpha1, alpha2, beta1, beta2, lam, w, p; p_common (.7). trials choice1, state2, choice2 (0/1), outcome.
    Action a leads commonly to state a. loglik is the sum over the two stages; trajectories ll1, ll2, q1, q2, qmb (before).
      Q_MB(a) = p_common max Q2[a] + (1-p_common) max Q2[1-a] ; u_a = beta1 (w Q_MB + (1-w) Q1 + p [a = last choice1])
      P2 = softmax(beta2 Q2[s]) ; d1 = Q2[s,c2] - Q1[c1], d2 = r - Q2[s,c2], both from the old values ;
      Q1[c1] += alpha1 (d1 + lam d2) ; Q2[s,c2] += alpha2 d2.  Missing choice2 or outcome: no learning at all."""
    q1 = [0.0, 0.0]; q2 = [[0.0, 0.0], [0.0, 0.0]]; last = None; pc = params.get("p_common", 0.7)
    ll = []; T = dict(ll1=[], ll2=[], q1=[], q2=[], qmb=[])
    for c1, s, c2, r in zip(trials["choice1"], trials["state2"], trials["choice2"], trials["outcome"]):
        mb = [pc * max(q2[a]) + (1 - pc) * max(q2[1 - a]) for a in (0, 1)]
        T["q1"].append(q1[:]); T["q2"].append([q2[0][:], q2[1][:]]); T["qmb"].append(mb)
        l1 = l2 = 0.0
        if c1 is not None:
            u = [params["beta1"] * (params["w"] * mb[a] + (1 - params["w"]) * q1[a] + (params["p"] if a == last else 0.0)) for a in (0, 1)]
            l1 = log_softmax(u)[c1]
            last = c1
            if c2 is not None:
                l2 = log_softmax([params["beta2"] * q for q in q2[s]])[c2]
                if r is not None:
                    d1 = q2[s][c2] - q1[c1]; d2 = r - q2[s][c2]
                    q1[c1] += params["alpha1"] * (d1 + params["lam"] * d2)
                    q2[s][c2] += params["alpha2"] * d2
        ll.append(l1 + l2); T["ll1"].append(l1); T["ll2"].append(l2)
    return dict(loglik=ll, trajectories=T)


def ts_par7(params, trials):
    """The seven-parameter form of fitting.md: as two_step_daw but pi outside beta1, and the trace term uses the error left
    after Q2 was updated (so it is (1-a2) times smaller), and Q1 already holds its first step.
    params a1, a2, beta1, beta2, w, lambda, pi. trials choice1, state2, choice2, outcome."""
    v = [0.0, 0.0]; q = [[0.0, 0.0], [0.0, 0.0]]; last = None
    ll = []; T = dict(ll1=[], ll2=[], v_mf=[], q=[])
    for c1, s, c2, r in zip(trials["choice1"], trials["state2"], trials["choice2"], trials["outcome"]):
        T["v_mf"].append(v[:]); T["q"].append([q[0][:], q[1][:]])
        l1 = l2 = 0.0
        if c1 is not None:
            mb = [0.7 * max(q[a]) + 0.3 * max(q[1 - a]) for a in (0, 1)]
            h = [params["w"] * mb[a] + (1 - params["w"]) * v[a] for a in (0, 1)]
            x = params["beta1"] * (h[1] - h[0])
            if last is not None:
                x += params["pi"] * (1 if last == 1 else -1)      # 2 prev - 3, prev in {1, 2}
            l1 = binary_loglik(x, c1)
            last = c1
            if c2 is not None:
                l2 = binary_loglik(params["beta2"] * (q[s][1] - q[s][0]), c2)
                if r is not None:
                    v[c1] += params["a1"] * (q[s][c2] - v[c1])
                    q[s][c2] += params["a2"] * (r - q[s][c2])
                    v[c1] += params["lambda"] * params["a1"] * (r - q[s][c2])
        ll.append(l1 + l2); T["ll1"].append(l1); T["ll2"].append(l2)
    return dict(loglik=ll, trajectories=T)


# ---------------------------------------------------------------- opponent actor
def opal(params, trials):
    """OpAL. Collins & Frank 2014 10.1037/a0037015 eqs 1-5; science.md B4.
    params n_actions, alpha_c, alpha_g, alpha_n, beta, rho, v0, g0 (1), n0 (1), floor (-inf: none), lo (.05), hi (5).
    trials stimulus, choice, outcome. One V a stimulus, G and N a stimulus and action.
      u_a = beta (1+rho) G_a - beta (1-rho) N_a ; d = r - V ; V += alpha_c d ; d' = max(d, floor) ;
      G_c += alpha_g G_c d' ; N_c += alpha_n N_c (-d') ; G, N clipped to [lo, hi].   trajectories V, G, N (before)."""
    n = int(params["n_actions"]); S = 1 + max(trials["stimulus"])
    V = [params["v0"]] * S; G = [[params.get("g0", 1.0)] * n for _ in range(S)]; N = [[params.get("n0", 1.0)] * n for _ in range(S)]
    bg, bn = params["beta"] * (1 + params["rho"]), params["beta"] * (1 - params["rho"])
    lo, hi = params.get("lo", 0.05), params.get("hi", 5.0)
    ll = []; T = dict(V=[], G=[], N=[])
    for s, c, r in zip(trials["stimulus"], trials["choice"], trials["outcome"]):
        T["V"].append(V[s]); T["G"].append(G[s][:]); T["N"].append(N[s][:])
        if c is None:
            ll.append(0.0); continue
        ll.append(log_softmax([bg * G[s][a] - bn * N[s][a] for a in range(n)])[c])
        if r is None:
            continue
        d = r - V[s]
        V[s] += params["alpha_c"] * d
        d = max(d, params.get("floor", -inf))
        G[s][c] = clip(G[s][c] + params["alpha_g"] * G[s][c] * d, lo, hi)
        N[s][c] = clip(N[s][c] - params["alpha_n"] * N[s][c] * d, lo, hi)
    return dict(loglik=ll, trajectories=T)


# ---------------------------------------------------------------- expected and unexpected uncertainty
def yu_dayan(params, trials):
    """Reduced form of Yu & Dayan 2005 10.1016/j.neuron.2005.04.026; science.md B3, T6.
    params n_cues, tau, lambda0 (.5), xi_ach (1), xi_ne (1), window (10), rt0 (400), gain (150), sd (30);
    gamma_fixed (optional: a known validity instead of the count); test_valid (0): 1 tests for a reset after valid trials
    too, science.md to the letter: with lambda = 1/2 after a reset one valid trial leaves NE = .385 > .286, so it never ends.
    trials valid (a 0/1 list over cues: cue i pointed at the target), rt (ms).
      1 l- = (1-tau) l ; g = (4+n_valid)/(5+n) ; att = (1 - xi_ach (1-g)) (1 - xi_ne (1-l-))   (= l- g without depletion)
      2 v = valid[tracked] ; rt ~ N(rt0 + gain (1 - att) if v else rt0 + gain (1 + att), sd^2) given rt > 0
      3 f = g if v else 1-g ; l = f l-/(f l- + (1-l-)/2)
      4 ACh = xi_ach (1-g), NE = xi_ne (1-l), g of step 1; reset if NE > ACh/(.5+ACh) and not v:
        n = n_valid = 0, l = 1/2, track the cue most often valid over the last `window` trials with this one (lowest on ties)
        else n += 1, n_valid += v.
    Missing valid: l = l-, no count, no test. trajectories lam (after), gamma (step 1), ach, ne, tracked (before), reset."""
    k = 0; n = nv = 0; lam = params.get("lambda0", 0.5); past = []
    xa, xn = params.get("xi_ach", 1.0), params.get("xi_ne", 1.0)
    ll = []; T = dict(lam=[], gamma=[], ach=[], ne=[], tracked=[], reset=[])
    for valid, rt in zip(trials["valid"], trials["rt"]):
        lm = (1 - params["tau"]) * lam
        g = params.get("gamma_fixed", (4.0 + nv) / (5.0 + n))
        T["gamma"].append(g); T["tracked"].append(k)
        if valid is None:
            lam = lm; ll.append(0.0); ach = xa * (1 - g); ne = xn * (1 - lam); reset = 0
        else:
            past.append(valid)
            att = (1 - xa * (1 - g)) * (1 - xn * (1 - lm))
            v = valid[k]
            mean = params.get("rt0", 400.0) + params.get("gain", 150.0) * (1 - att if v else 1 + att)
            sd = params.get("sd", 30.0)
            above_0 = 0.5 * math.erfc(-mean / sd / math.sqrt(2))
            ll.append(0.0 if rt is None else log_normal(rt, mean, sd ** 2) - math.log(above_0))
            f = g if v else 1 - g
            lam = f * lm / (f * lm + 0.5 * (1 - lm))
            ach, ne = xa * (1 - g), xn * (1 - lam)
            reset = 1 if ne > ach / (0.5 + ach) and (not v or params.get("test_valid", 0) == 1) else 0
            if reset:
                n = nv = 0; lam = 0.5
                recent = past[-int(params.get("window", 10)):]
                score = [sum(p[i] for p in recent) for i in range(int(params["n_cues"]))]
                k = score.index(max(score))
            else:
                n += 1; nv += v
        T["lam"].append(lam); T["ach"].append(ach); T["ne"].append(ne); T["reset"].append(reset)
    return dict(loglik=ll, trajectories=T)


# ---------------------------------------------------------------- reinforcement learning with working memory
def rlwm(params, trials):
    """RL and working memory. Collins & Frank 2012 10.1111/j.1460-9568.2011.07980.x; Collins et al. 2014
    10.1523/JNEUROSCI.0989-14.2014; in the conventions that reproduce reference/collins_rlwm_dataset2_SZ_subjects.csv.
    params alpha, stick, rho, forget, eps, K, bias_wm, bias_rl; beta (25), n_actions (3), rt_min (.15),
    decay ('before': WMH | 'after': science.md L13).
    trials block, set_size, stimulus (0..), choice, outcome (0/1), rt (optional).
      new block: Q = W = 1/n ; no last choice ; w = rho min(1, K/set_size)
      trial without choice, or with rt < rt_min: left out altogether (no score, decay, learning; last choice stays)
      1 side_a = stick [a = last choice of the block, whatever its stimulus]
      2 pi = (1-eps) [ w softmax(beta (W_s + side)) + (1-w) softmax(beta (Q_s + side)) ] + eps/n        -> loglik
      3 W += forget (1/n - W), all stimuli and actions of the block
      4 Q_sc += a (r - Q_sc), a = alpha if r = 1 else bias_rl alpha
      5 W_sc += b (r - W_sc), b = 1 if r = 1 else bias_wm
    A choice without outcome (not in the data): steps 1-3, and the choice is remembered.
    trajectories q, w (chosen stimulus, before), p (of the choice)."""
    n = int(params.get("n_actions", 3)); beta = params.get("beta", 25.0); first = 1.0 / n
    rts = trials.get("rt", [None] * len(trials["choice"])); order = params.get("decay", "before")
    block = None; ll = []; T = dict(q=[], w=[], p=[])
    for b, ns, s, c, r, rt in zip(trials["block"], trials["set_size"], trials["stimulus"], trials["choice"], trials["outcome"], rts):
        if b != block:
            block = b; last = None
            Q = [[first] * n for _ in range(int(ns))]; W = [[first] * n for _ in range(int(ns))]
            weight = params["rho"] * min(1.0, params["K"] / ns)
        T["q"].append(Q[s][:]); T["w"].append(W[s][:])
        if c is None or (rt is not None and rt < params.get("rt_min", 0.15)):
            ll.append(0.0); T["p"].append(None); continue
        side = [params["stick"] if a == last else 0.0 for a in range(n)]
        pq = exp(log_softmax([beta * (Q[s][a] + side[a]) for a in range(n)])[c])
        pw = exp(log_softmax([beta * (W[s][a] + side[a]) for a in range(n)])[c])
        p = (1 - params["eps"]) * (weight * pw + (1 - weight) * pq) + params["eps"] / n
        ll.append(log(p)); T["p"].append(p)
        last = c
        def decay():
            for row in W:
                for a in range(n):
                    row[a] += params["forget"] * (first - row[a])
        if order == "before":
            decay()
        if r is not None:
            Q[s][c] += (params["alpha"] if r == 1 else params["bias_rl"] * params["alpha"]) * (r - Q[s][c])
            W[s][c] += (1.0 if r == 1 else params["bias_wm"]) * (r - W[s][c])
        if order == "after":
            decay()
    return dict(loglik=ll, trajectories=T)


# ---------------------------------------------------------------- habit and goal
def beta_moments(a, b):
    """Mean and variance of a Beta(a, b) distribution."""
    n = a + b
    return a / n, a * b / (n * n * (n + 1.0))


def habit_goal(params, trials):
    """Two systems that share control by their uncertainty, after Daw, Niv & Dayan 2005 10.1038/nn1560, for actions of
    one step whose outcome (comes or not) is worth what is shown.
    params n_arms, alpha, beta, noise, w_goal, sharpness, decay, prior_came, prior_not, dls, dms, dopamine.
    trials choice, outcome (came where > 0), outcome_value.
      1 goal of each action: Beta over how often the outcome comes, times its worth m: mean m p, variance m^2 var p + noise^2
      2 habit of each action: Beta over what was felt, an observation counting alpha dopamine
      3 odds of goal over habit: dms w_goal / (dls (1 - w_goal)) * (variance of habit / variance of goal)^sharpness
      4 softmax(beta * (share of goal * mean of goal + share of habit * mean of habit))       -> loglik
      5 of the chosen action: counts above the prior lose the share decay, then the trial is counted
    trajectories: share (of the goal, of the chosen action, before learning), habit, goal (means, lists of lists)."""
    n = int(params["n_arms"]); start = [params["prior_came"], params["prior_not"]]
    goal = [start[:] for _ in range(n)]; habit = [start[:] for _ in range(n)]
    ll = []; shares = []; th = []; tg = []
    for c, r, m in zip(trials["choice"], trials["outcome"], trials["outcome_value"]):
        value = []; share = []; means_h = []; means_g = []
        for a in range(n):
            p, vp = beta_moments(*goal[a]); qh, vh = beta_moments(*habit[a])
            qg, vg = m * p, m * m * vp + params["noise"] ** 2
            for_goal = params["dms"] * params["w_goal"]; for_habit = params["dls"] * (1.0 - params["w_goal"])
            if for_goal == 0.0 and for_habit == 0.0:
                w = 0.0; q = 0.0
            elif for_habit == 0.0:
                w = 1.0; q = qg
            elif for_goal == 0.0:
                w = 0.0; q = qh
            else:
                w = logistic(log(for_goal) - log(for_habit) + params["sharpness"] * (log(vh) - log(vg)))
                q = w * qg + (1.0 - w) * qh
            value.append(q); share.append(w); means_h.append(qh); means_g.append(qg)
        th.append(means_h); tg.append(means_g)
        if c is None:
            ll.append(0.0); shares.append(None); continue
        ll.append(log_softmax([params["beta"] * q for q in value])[c]); shares.append(share[c])
        if r is None:
            continue
        came = 1.0 if r > 0 else 0.0; felt = came * clip(m, 0.0, 1.0); k = params["alpha"] * params["dopamine"]
        for counts, weight, what in ((goal, 1.0, came), (habit, k, felt)):
            for i, seen in enumerate((what, 1.0 - what)):
                counts[c][i] = start[i] + (1.0 - params["decay"]) * (counts[c][i] - start[i]) + weight * seen
    return dict(loglik=ll, trajectories=dict(share=shares, habit=th, goal=tg))


# ---------------------------------------------------------------- rules over sets of stimuli
def task_sets(params, trials):
    """Rules that are used again under new sets, after Collins & Frank 2013 10.1037/a0030852 (C-TS): a Chinese restaurant
    process over sets, in which a rule's popularity is the sum of its posteriors over the sets so far.
    params n_arms, n_states, alpha, beta, alpha_crp, doubt, rules. trials choice, outcome (paid where > 0), state, set.
      1 first learned trial of a set: rules kept so far by popularity, an untouched candidate by alpha_crp, normalized
      2 softmax(beta * expected value over rules)                                              -> loglik
      3 paid or not: posterior of each rule by doubt + (1 - 2 doubt) P(paid or not | rule), at least 1e-100 where not 0
      4 every rule's value of (state, choice) moves by alpha * posterior * (paid - value)
      5 at the next set: posteriors of kept rules are added to popularity; the candidate is kept (with its posterior) where
        it is more probable than every kept rule and fewer than `rules` are kept; else dropped
    A set begins at a trial whose outcome is learned; until then each trial is met with the prior of step 1.
    trajectories: rules (number kept before the trial), posterior (after it, kept rules then the candidate, or None)."""
    n, states = int(params["n_arms"]), int(params["n_states"])
    blank = lambda: [[1.0 / n] * n for _ in range(states)]
    kept = []           # dicts of value and popularity
    now = None          # of the running set: posterior over kept + candidate, the candidate's values, its number
    ll = []; t_kept = []; t_post = []

    def closed():
        """Rules after the running set has ended, without touching what is kept."""
        if now is None:
            return []
        after = [dict(value=k["value"], popularity=k["popularity"] + w) for k, w in zip(kept, now["post"])]
        if all(now["post"][-1] > w for w in now["post"][:-1]) and len(kept) < params["rules"]:
            after.append(dict(value=now["candidate"], popularity=now["post"][-1]))
        return after

    for c, r, s, number in zip(trials["choice"], trials["outcome"], trials["state"], trials["set"]):
        begins = now is None or number != now["set"]
        if begins:
            rules, candidate = closed(), blank()
            mass = [k["popularity"] for k in rules] + [params["alpha_crp"]]
            post = [m / sum(mass) for m in mass]
        else:
            rules, candidate, post = kept, now["candidate"], now["post"]
        tables = [k["value"] for k in rules] + [candidate]
        t_kept.append(len(rules))
        if c is None:
            ll.append(0.0); t_post.append(None); continue
        u = [params["beta"] * sum(w * q[s][a] for w, q in zip(post, tables)) for a in range(n)]
        ll.append(log_softmax(u)[c])
        if r is None:
            t_post.append(None); continue
        paid = r > 0
        weight = [w * (params["doubt"] + (1.0 - 2.0 * params["doubt"]) * (q[s][c] if paid else 1.0 - q[s][c]))
                  for w, q in zip(post, tables)]
        post = [max(w / sum(weight), 1e-100) if w > 0 else 0.0 for w in weight]
        for w, q in zip(post, tables):
            q[s][c] += params["alpha"] * w * ((1.0 if paid else 0.0) - q[s][c])
        kept = rules
        now = dict(set=number, post=post, candidate=candidate)
        t_post.append(post)
    return dict(loglik=ll, trajectories=dict(rules=t_kept, posterior=t_post))


# ---------------------------------------------------------------- response times
def wald_logpdf(t, v, a, t0=0.0, sigma=1.0):
    """First passage of drift v, noise sigma, through one bound at distance a. Wald 1947; Heathcote 2004
    10.3758/BF03206550: f = a/sqrt(2 pi sigma^2 u^3) exp(-(a - v u)^2/(2 sigma^2 u)), u = t - t0; -inf for u <= 0."""
    u = t - t0
    if u <= 0:
        return -inf
    return log(a) - 0.5 * log(2 * pi * sigma ** 2 * u ** 3) - (a - v * u) ** 2 / (2 * sigma ** 2 * u)


def wald(params, trials):
    """params v, a, t0, sigma (1). trials rt (s)."""
    return dict(loglik=[0.0 if t is None else wald_logpdf(t, params["v"], params["a"], params["t0"], params.get("sigma", 1.0))
                        for t in trials["rt"]], trajectories={})


def _unit_small(tt, z, terms):
    """lower bound, drift 0, a = 1: small-time series, k = -terms..terms"""
    return sum((z + 2 * k) * exp(-(z + 2 * k) ** 2 / (2 * tt)) for k in range(-terms, terms + 1)) / sqrt(2 * pi * tt ** 3)


def _unit_large(tt, z, terms):
    return pi * sum(k * exp(-k * k * pi * pi * tt / 2) * sin(k * pi * z) for k in range(1, terms + 1))


def ddm_lower(t, v, a, z, sigma=1.0, method="series", err=1e-12):
    """Density of reaching the lower of two bounds 0, a at time t from z a with drift v. Feller 1968 ch. XIV;
    Navarro & Fuss 2009 10.1016/j.jmp.2009.02.003 eqs 1-13. For the upper bound call with -v, 1-z.
    method 'series': whichever direct series converges fast, summed far past 1e-12; 'navarro_fuss': the number of terms of
    the paper's bounds for absolute error err, the cheaper series."""
    if t <= 0:
        return 0.0
    v, a = v / sigma, a / sigma
    tt = t / a ** 2
    lead = exp(-v * a * z - v * v * t / 2) / a ** 2
    if method == "series":
        return lead * (_unit_small(tt, z, 60) if tt < 0.5 else _unit_large(tt, z, 120))
    if pi * tt * err < 1:
        kl = max(sqrt(-2 * log(pi * tt * err) / (pi * pi * tt)), 1 / (pi * sqrt(tt)))
    else:
        kl = 1 / (pi * sqrt(tt))
    x = 2 * sqrt(2 * pi * tt) * err
    ks = max(2 + sqrt(-2 * tt * log(x)), sqrt(tt) + 1) if x < 1 else 2.0
    if ks < kl:
        K = int(ceil(ks))                                   # k from -floor((K-1)/2) to ceil((K-1)/2)
        lo, hi = -((K - 1) // 2), -(-(K - 1) // 2)
        f = sum((z + 2 * k) * exp(-(z + 2 * k) ** 2 / (2 * tt)) for k in range(lo, hi + 1)) / sqrt(2 * pi * tt ** 3)
    else:
        f = _unit_large(tt, z, int(ceil(kl)))
    return lead * f


def ddm(params, trials):
    """params v, a, z (relative start), t0, sigma (1). trials choice (1 = upper bound), rt (s)."""
    ll = []; nf = []
    for c, t in zip(trials["choice"], trials["rt"]):
        if c is None or t is None:
            ll.append(0.0); nf.append(None); continue
        v, z = (params["v"], params["z"]) if c == 0 else (-params["v"], 1 - params["z"])
        args = (t - params["t0"], v, params["a"], z, params.get("sigma", 1.0))
        f = ddm_lower(*args)
        ll.append(log(f) if f > 0 else -inf)
        nf.append(ddm_lower(*args, method="navarro_fuss"))
    return dict(loglik=ll, trajectories=dict(density_navarro_fuss_1e12=nf))


# ---------------------------------------------------------------- small closed forms of science.md D2
def td_lambda(rewards_per_episode, episodes, alpha, gamma, lam):
    """Sutton & Barto 2018 sec. 12.2, accumulating traces, a chain visited left to right. e = gamma lam e, e_s += 1."""
    n = len(rewards_per_episode); V = [0.0] * n
    for _ in range(episodes):
        e = [0.0] * n
        for s in range(n):
            d = rewards_per_episode[s] + (gamma * V[s + 1] if s + 1 < n else 0.0) - V[s]
            e = [gamma * lam * x for x in e]; e[s] += 1
            V = [V[i] + alpha * d * e[i] for i in range(n)]
    return V


def ddm_choice_and_mean(k, a, sigma=1.0):
    """Bogacz et al. 2006 10.1037/0033-295X.113.4.700: bounds +-a, start 0."""
    return 1 / (1 + exp(-2 * a * k / sigma ** 2)), a / k * tanh(a * k / sigma ** 2)


def waiting_posterior(p0, F, s):
    """Miyazaki et al. 2018 10.1038/s41467-018-04496-y, science.md B3 (iii)."""
    p = logistic(log(p0 / (1 - p0)) + s)
    return p * (1 - F) / (p * (1 - F) + 1 - p)
