# Designs of formulas by R's model.matrix, on a small made-up table.
#
# Writes formula.json, which tests/unit/formula_test.cpp compares with: the table, and for every formula the columns that R makes of it
# (without the intercept) with their names. Needs base R (4.2) alone. What differs from R by intention is made here by hand: age is
# centered and scaled over subjects, who have one row or two; the level that sum contrasts leave out is the first.
#
#     Rscript tests/oracles/formula.R > tests/oracles/formula.json
d <- data.frame(
  subject = c(1, 1, 2, 2, 3, 3, 4, 4, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 11, 11, 12, 12, 13, 13),
  session = c(1, 2, 1, 2, 1, 2, 1, 2, 1, 1, 2, 1, 2, 1, 2, 1, 2, 2, 1, 2, 1, 2, 1, 2),
  dose = c(0, 1.5, 0, 2, 0.5, 1, 0, 3, 0, 0.5, 2.5, 0, 1, 0, 4, 0.5, 2, 1, 0, 2, 0, 2.5, 1, 3))
drug <- c("placebo", "citalopram", "ldopa")[c(1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1)]
site <- c("north", "south")[c(1, 1, 2, 2, 1, 2, 1, 2, 2, 1, 1, 1, 2)]
age <- c(21, 35, 44, 28, 61, 33.5, 52, 47, 30, 25, 39, 58, 41)
d$drug <- factor(drug[d$subject]); d$site <- factor(site[d$subject]); d$age <- age[d$subject]
d$session <- factor(d$session)
d$age_c <- d$age - mean(age); d$age_s <- d$age_c / sd(age)
d$dose_s <- (d$dose - mean(d$dose)) / sd(d$dose)
d$drug_p <- relevel(d$drug, "placebo")
first_last <- function(f) {
  l <- levels(f); f <- factor(f, levels = c(l[-1], l[1]))
  contrasts(f) <- structure(contr.sum(length(l)), dimnames = list(levels(f), l[-1]))
  f
}
d$drug_sum <- first_last(d$drug); d$session_sum <- first_last(d$session)

# ours, R's, column=reference
cases <- list(
  c("x ~ drug", "~ drug", ""),
  c("x ~ drug", "~ drug_p", "drug=placebo"),
  c("x ~ drug * session", "~ drug * session", ""),
  c("x ~ drug + session + drug:session", "~ drug * session", ""),
  c("x ~ drug * session + (1 | subject)", "~ drug_p * session", "drug=placebo"),
  c("x ~ session*drug", "~ session * drug", ""),
  c("x ~ drug*session*site - drug:session:site", "~ (drug + session + site)^2", ""),
  c("x ~ drug * session - session", "~ drug + drug:session", ""),
  c("x ~ drug + drug:session", "~ drug + drug:session", ""),
  c("x ~ site + drug:session - drug:session", "~ site", ""),
  c("x ~ (drug + site):session + drug + site + session", "~ drug + site + session + drug:session + site:session", ""),
  c("x ~ age", "~ age", ""),
  c("x ~ 1 + center(age)", "~ age_c", ""),
  c("x ~ scale(age) * drug", "~ age_s * drug", ""),
  c("x ~ scale(age):drug", "~ age_s:drug", ""),
  c("x ~ drug:scale(age) + drug", "~ drug + drug:age_s", ""),
  c("x ~ scale(dose) + site:scale(age)", "~ dose_s + site:age_s", ""),
  c("x ~ dose:scale(age)*site", "~ dose:age_s * site", ""),
  c("x ~ sum(drug)", "~ drug_sum", ""),
  c("x ~ sum(drug) * sum(session)", "~ drug_sum * session_sum", ""),
  c("x ~ sum(drug) * session + scale(dose)", "~ drug_sum * session + dose_s", ""),
  c("x ~ sum(drug) + sum(drug):session", "~ drug_sum + drug_sum:session", ""),
  c("x ~ number(session) + factor(site)", "~ as.numeric(session) + site", ""))

quoted <- function(x) paste0("[", paste(sprintf("\"%s\"", x), collapse = ", "), "]")
numbers <- function(x) paste0("[", paste(sprintf("%.17g", x), collapse = ", "), "]")
plain <- function(n) {
  n <- gsub("drug_p|drug_sum", "drug", n); n <- gsub("session_sum", "session", n)
  n <- gsub("as.numeric\\(session\\)", "session", n)
  gsub("dose_s", "scale(dose)", gsub("age_s", "scale(age)", gsub("age_c", "center(age)", n)))
}
one <- function(case) {
  m <- model.matrix(as.formula(case[2]), d)[, -1, drop = FALSE]
  stopifnot(qr(cbind(1, m))$rank == ncol(m) + 1)
  sprintf("  {\"formula\": \"%s\", \"reference\": \"%s\", \"names\": %s,\n   \"columns\": [%s]}", case[1], case[3],
          quoted(plain(colnames(m))), paste(apply(m, 2, numbers), collapse = ", "))
}
cat("{\"columns\": {\n")
cat(paste(sprintf("  \"%s\": %s", c("subject", "session", "drug", "site", "age", "dose"),
                  sapply(list(d$subject, d$session, d$drug, d$site, d$age, d$dose), quoted)), collapse = ",\n"))
cat("},\n\"cases\": [\n", paste(sapply(cases, one), collapse = ",\n"), "\n]}\n", sep = "")
