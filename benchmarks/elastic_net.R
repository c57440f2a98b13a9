# Processor time of leave-one-out grids of elastic nets in R's glmnet, for elastic_net.py.
#
# Rscript elastic_net.R FOLDER REPEATS THRESH NAME [NAME ...]
#
# FOLDER has NAME_design.csv and NAME_outcome.csv, without headings. Of each name a line is printed:
# name, chosen alpha, chosen lambda, its mean squared left-out error, then the seconds of each
# repeat. Reading and the start of R are not counted.

suppressPackageStartupMessages(library(glmnet))

arguments <- commandArgs(trailingOnly = TRUE)
folder <- arguments[1]
repeats <- as.integer(arguments[2])
threshold <- as.numeric(arguments[3])
alphas <- seq(0, 1, by = 0.1)

grid <- function(design, outcome) {
  best <- list(error = Inf)
  for (alpha in alphas) {
    # Warnings: fewer than three observations a fold.
    found <- suppressWarnings(cv.glmnet(
      design, outcome, alpha = alpha, foldid = seq_along(outcome), grouped = FALSE,
      type.measure = "mse", keep = TRUE, thresh = threshold, maxit = 1e8
    ))
    if (min(found$cvm) < best$error) {
      best <- list(alpha = alpha, lambda = found$lambda.min, error = min(found$cvm))
    }
  }
  best
}

cat("version", as.character(getRversion()), as.character(packageVersion("glmnet")), "\n")
for (name in arguments[-(1:3)]) {
  table <- read.csv(file.path(folder, paste0(name, "_design.csv")), header = FALSE)
  design <- unname(as.matrix(table))
  outcome <- scan(file.path(folder, paste0(name, "_outcome.csv")), quiet = TRUE)
  seconds <- numeric(repeats)
  for (place in seq_len(repeats)) {
    begin <- proc.time()
    best <- grid(design, outcome)
    seconds[place] <- sum((proc.time() - begin)[c("user.self", "sys.self")])
  }
  cat(name, format(c(best$alpha, best$lambda, best$error), digits = 15), seconds, "\n")
}
