# Logistic regressions by glm, MASS and brglm2 for the tables of this folder.
# Run in this folder: Rscript make_reference.R
suppressMessages({library(MASS); library(brglm2)})
options(digits = 15)
tight <- glm.control(epsilon = 1e-14, maxit = 200)

write_out <- function(table, file) {
  write.table(format(table, digits = 15, trim = TRUE), file, sep = "\t", quote = FALSE,
              row.names = FALSE)
}

# Where 2 (largest - profile) is the quantile of chi-square, both sides of an estimate.
ends_of <- function(profile, largest, estimate, error) {
  excess <- function(value) 2 * (largest - profile(value)) - qchisq(0.95, 1)
  end <- function(sign) {
    far <- 2
    while (excess(estimate + sign * far * error) < 0) far <- 1.5 * far
    uniroot(excess, sort(c(estimate, estimate + sign * far * error)), tol = 1e-12)$root
  }
  c(end(-1), end(1))
}

# Plain likelihood: glm; the profile refits the other columns with an offset.
plain <- function(design, y) {
  fit <- glm(y ~ 0 + design, family = binomial, control = tight)
  found <- summary(fit)$coefficients
  ends <- sapply(seq_len(ncol(design)), function(k) {
    profile <- function(value) {
      as.numeric(logLik(glm(y ~ 0 + design[, -k, drop = FALSE], offset = value * design[, k],
                            family = binomial, control = tight)))
    }
    lost <- 2 * (as.numeric(logLik(fit)) - profile(0))
    c(ends_of(profile, as.numeric(logLik(fit)), found[k, 1], found[k, 2]), lost)
  })
  data.frame(term = colnames(design), estimate = found[, 1], se = found[, 2], z = found[, 3],
             p_wald = found[, 4], profile_low = ends[1, ], profile_high = ends[2, ],
             chi_square = ends[3, ], p_lr = pchisq(ends[3, ], 1, lower.tail = FALSE),
             log_likelihood = as.numeric(logLik(fit)))
}

# Firth's likelihood: estimates by brglm2 (mean bias reduction), profile by optim over the others.
firth <- function(design, y) {
  fit <- glm(y ~ 0 + design, family = binomial, method = "brglmFit", type = "AS_mean",
             epsilon = 1e-12, maxit = 10000)
  penalized <- function(b) {
    eta <- drop(design %*% b)
    weights <- plogis(eta) * plogis(-eta)
    sum(plogis(ifelse(y == 1, eta, -eta), log.p = TRUE)) +
      0.5 * as.numeric(determinant(crossprod(design * sqrt(weights)))$modulus)
  }
  found <- summary(fit)$coefficients
  largest <- penalized(coef(fit))
  ends <- sapply(seq_len(ncol(design)), function(k) {
    profile <- function(value) {
      held <- function(others) {
        b <- coef(fit); b[k] <- value; b[-k] <- others / sizes[-k]
        -penalized(b)
      }
      sizes <- sqrt(colMeans(design^2))
      best <- list(par = coef(fit)[-k] * sizes[-k])
      for (again in 1:4) {
        best <- optim(best$par, held, method = "BFGS", control = list(reltol = 1e-16, maxit = 2000))
      }
      -best$value
    }
    lost <- 2 * (largest - profile(0))
    c(ends_of(profile, largest, found[k, 1], found[k, 2]), lost)
  })
  data.frame(term = colnames(design), estimate = found[, 1], se = found[, 2], z = found[, 3],
             p_wald = found[, 4], profile_low = ends[1, ], profile_high = ends[2, ],
             chi_square = ends[3, ], p_lr = pchisq(ends[3, ], 1, lower.tail = FALSE),
             log_likelihood = largest)
}

read <- function(name) {
  table <- read.delim(name, na.strings = "n/a")
  table[complete.cases(table), ]
}

serum <- read("serum.tsv")
one <- cbind(intercept = 1, level = serum$level)
both <- cbind(one, age = serum$age)
write_out(plain(one, serum$side_effect), "serum_plain.tsv")
write_out(plain(both, serum$side_effect), "serum_age_plain.tsv")
write_out(firth(one, serum$side_effect), "serum_firth.tsv")
intervals <- suppressMessages(confint(glm(side_effect ~ level, binomial, serum, control = tight)))
write_out(data.frame(term = c("intercept", "level"), low = intervals[, 1], high = intervals[, 2]),
          "serum_mass_confint.tsv")

separated <- read("separated.tsv")
write_out(firth(cbind(intercept = 1, level = separated$level, female = separated$female),
                separated$side_effect), "separated_firth.tsv")
quasi <- read("quasi_separated.tsv")
write_out(firth(cbind(intercept = 1, score = quasi$score, group = quasi$group),
                quasi$side_effect), "quasi_separated_firth.tsv")
