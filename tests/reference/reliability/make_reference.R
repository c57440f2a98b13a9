# Intraclass correlations by psych::ICC and mean squares by aov, for the tables of this folder.
# Run in this folder: Rscript make_reference.R
suppressMessages(library(psych))
options(digits = 15)

for (name in c("shrout_fleiss", "two_baselines", "shifted_sessions", "negative")) {
  table <- read.delim(paste0(name, ".tsv"), na.strings = "n/a")
  complete <- table[complete.cases(table), ]
  values <- as.matrix(complete[, -1])
  found <- ICC(values, missing = FALSE, alpha = 0.05, lmer = FALSE)$results
  kept <- found[found$type %in% c("ICC2", "ICC3"), ]
  names(kept) <- c("type", "icc", "F", "df1", "df2", "p", "lower", "upper")
  write.table(format(kept, digits = 15, trim = TRUE), paste0(name, "_icc.tsv"), sep = "\t",
              quote = FALSE, row.names = FALSE)

  long <- data.frame(y = as.vector(values),
                     participant = factor(rep(complete$participant, ncol(values))),
                     session = factor(rep(colnames(values), each = nrow(values))))
  two_way <- summary(aov(y ~ participant + session, long))[[1]][["Mean Sq"]]
  within <- summary(aov(y ~ participant, long))[[1]][["Mean Sq"]][2]
  df <- nrow(values) * (ncol(values) - 1)
  spread <- data.frame(n = nrow(values), msr = two_way[1], msc = two_way[2], mse = two_way[3],
                       msw = within, sd = sqrt(within),
                       sd_lower = sqrt(df * within / qchisq(0.975, df)),
                       sd_upper = sqrt(df * within / qchisq(0.025, df)),
                       repeatability = qnorm(0.975) * sqrt(2 * within))
  write.table(format(spread, digits = 15, trim = TRUE), paste0(name, "_spread.tsv"), sep = "\t",
              quote = FALSE, row.names = FALSE)
}
