"""The papers that methods text refers to."""

from __future__ import annotations

REFERENCES = {
    "allen": "Allen M, Poggiali D, Whitaker K, Marshall TR, Kievit RA (2019). Raincloud plots: a "
    "multi-platform tool for robust data visualization. Wellcome Open Research 4:63. "
    "doi:10.12688/wellcomeopenres.15191.1",
    "armour": "Armour C, Tsai J, Durham TA, Charak R, Biehn TL, Elhai JD, Pietrzak RH (2015). "
    "Dimensional structure of DSM-5 posttraumatic stress symptoms: support for a hybrid Anhedonia "
    "and Externalizing Behaviors model. Journal of Psychiatric Research 61:106-113. "
    "doi:10.1016/j.jpsychires.2014.10.012",
    "aroma": "Pruim RHR et al. (2015). ICA-AROMA: a robust ICA-based strategy for removing "
    "motion artifacts from fMRI data. NeuroImage 112:267-277. "
    "doi:10.1016/j.neuroimage.2015.02.064",
    "art": "Whitfield-Gabrieli S. Artifact Detection Tools (ART). "
    "https://www.nitrc.org/projects/artifact_detect",
    "austin": "Austin PC (2009). Balance diagnostics for comparing the distribution of baseline "
    "covariates between treatment groups in propensity-score matched samples. Statistics in "
    "Medicine 28:3083-3107. doi:10.1002/sim.3697",
    "bates": "Bates D, M\u00e4chler M, Bolker B, Walker S (2015). Fitting linear mixed-effects "
    "models using lme4. Journal of Statistical Software 67(1). doi:10.18637/jss.v067.i01",
    "besag": "Besag J, Clifford P (1991). Sequential Monte Carlo p-values. Biometrika 78:301-304. "
    "doi:10.1093/biomet/78.2.301",
    "bids": "Gorgolewski KJ et al. (2016). The brain imaging data structure, a format for "
    "organizing and describing outputs of neuroimaging experiments. Scientific Data 3:160044. "
    "doi:10.1038/sdata.2016.44",
    "cai": "Cai MB, Schuck NW, Pillow JW, Niv Y (2019). Representational structure or task "
    "structure? Bias in neural representational similarity analysis and a Bayesian method for "
    "reducing bias. PLoS Computational Biology 15(5):e1006299. doi:10.1371/journal.pcbi.1006299",
    "ciric": "Ciric R et al. (2017). Benchmarking of participant-level confound regression "
    "strategies for the control of motion artifact in studies of functional connectivity. "
    "NeuroImage 154:174-187. doi:10.1016/j.neuroimage.2017.03.020",
    "compcor": "Behzadi Y et al. (2007). A component based noise correction method (CompCor) for "
    "BOLD and perfusion based fMRI. NeuroImage 37:90-101. doi:10.1016/j.neuroimage.2007.04.042",
    "conn": "Whitfield-Gabrieli S, Nieto-Castanon A (2012). Conn: a functional connectivity "
    "toolbox for correlated and anticorrelated brain networks. Brain Connectivity 2:125-141. "
    "doi:10.1089/brain.2012.0073",
    "diedrichsen": "Diedrichsen J, Provost S, Zareamoghaddam H (2016). On the distribution of "
    "cross-validated Mahalanobis distances. arXiv:1607.01371",
    "fair": "Fair DA et al. (2020). Correction of respiratory artifacts in MRI head motion "
    "estimates. NeuroImage 208:116400. doi:10.1016/j.neuroimage.2019.116400",
    "fdr": "Benjamini Y, Hochberg Y (1995). Controlling the false discovery rate: a practical and "
    "powerful approach to multiple testing. Journal of the Royal Statistical Society B "
    "57:289-300. doi:10.1111/j.2517-6161.1995.tb02031.x",
    "fmriprep": "Esteban O et al. (2019). fMRIPrep: a robust preprocessing pipeline for functional "
    "MRI. Nature Methods 16:111-116. doi:10.1038/s41592-018-0235-4",
    "friston": "Friston KJ et al. (1996). Movement-related effects in fMRI time-series. Magnetic "
    "Resonance in Medicine 35:346-355. doi:10.1002/mrm.1910350312",
    "friston2003": "Friston KJ, Harrison L, Penny W (2003). Dynamic causal modelling. NeuroImage "
    "19:1273-1302. doi:10.1016/S1053-8119(03)00202-7",
    "friston2007": "Friston K, Mattout J, Trujillo-Barreto N, Ashburner J, Penny W (2007). "
    "Variational free energy and the Laplace approximation. NeuroImage 34:220-234. "
    "doi:10.1016/j.neuroimage.2006.08.035",
    "friston2016": "Friston KJ, Litvak V, Oswal A, Razi A, Stephan KE, van Wijk BCM, Ziegler G, "
    "Zeidman P (2016). Bayesian model reduction and empirical Bayes for group (DCM) studies. "
    "NeuroImage 128:413-431. doi:10.1016/j.neuroimage.2015.11.015",
    "gelman": "Gelman A, Meng X-L, Stern H (1996). Posterior predictive assessment of model "
    "fitness via realized discrepancies. Statistica Sinica 6:733-807.",
    "gitelman": "Gitelman DR, Penny WD, Ashburner J, Friston KJ (2003). Modeling regional and "
    "psychophysiologic interactions in fMRI: the importance of hemodynamic deconvolution. "
    "NeuroImage 19:200-207. doi:10.1016/S1053-8119(03)00058-2",
    "glmnet": "Friedman J, Hastie T, Tibshirani R (2010). Regularization paths for generalized "
    "linear models via coordinate descent. Journal of Statistical Software 33(1). "
    "doi:10.18637/jss.v033.i01",
    "gratton": "Gratton C et al. (2020). Removal of high frequency contamination from motion "
    "estimates in single-band fMRI saves data without biasing functional connectivity. NeuroImage "
    "217:116866. doi:10.1016/j.neuroimage.2020.116866",
    "greene": "Greene DJ et al. (2020). Integrative and network-specific connectivity of the basal "
    "ganglia and thalamus defined in individuals. Neuron 105:742-758. "
    "doi:10.1016/j.neuron.2019.11.012",
    "greenhouse": "Greenhouse SW, Geisser S (1959). On methods in the analysis of profile data. "
    "Psychometrika 24:95-112. doi:10.1007/BF02289823",
    "hedges": "Hedges LV (1981). Distribution theory for Glass's estimator of effect size and "
    "related estimators. Journal of Educational Statistics 6:107-128. "
    "doi:10.3102/10769986006002107",
    "kenward": "Kenward MG, Roger JH (1997). Small sample inference for fixed effects from "
    "restricted maximum likelihood. Biometrics 53:983-997. doi:10.2307/2533558",
    "ledoit": "Ledoit O, Wolf M (2004). A well-conditioned estimator for large-dimensional "
    "covariance matrices. Journal of Multivariate Analysis 88:365-411. "
    "doi:10.1016/S0047-259X(03)00096-4",
    "lindquist": "Lindquist MA, Geuter S, Wager TD, Caffo BS (2019). Modular preprocessing "
    "pipelines can reintroduce artifacts into fMRI data. Human Brain Mapping 40:2358-2376. "
    "doi:10.1002/hbm.24528",
    "marek": "Marek S et al. (2018). Spatial and temporal organization of the individual human "
    "cerebellum. Neuron 100:977-993. doi:10.1016/j.neuron.2018.10.010",
    "marsbar": "Brett M, Anton J-L, Valabregue R, Poline J-B (2002). Region of interest analysis "
    "using an SPM toolbox. 8th International Conference on Functional Mapping of the Human Brain, "
    "Sendai. NeuroImage 16(2).",
    "mclaren": "McLaren DG, Ries ML, Xu G, Johnson SC (2012). A generalized form of "
    "context-dependent psychophysiological interactions (gPPI): a comparison to standard "
    "approaches. NeuroImage 61:1277-1286. doi:10.1016/j.neuroimage.2012.03.068",
    "nilearn": "Nilearn contributors. nilearn. doi:10.5281/zenodo.8397156",
    "nili": "Nili H et al. (2014). A toolbox for representational similarity analysis. PLoS "
    "Computational Biology 10(4):e1003553. doi:10.1371/journal.pcbi.1003553",
    "nipype": "Gorgolewski K et al. (2011). Nipype: a flexible, lightweight and extensible "
    "neuroimaging data processing framework in Python. Frontiers in Neuroinformatics 5:13. "
    "doi:10.3389/fninf.2011.00013",
    "power": "Power JD et al. (2012). Spurious but systematic correlations in functional "
    "connectivity MRI networks arise from subject motion. NeuroImage 59:2142-2154. "
    "doi:10.1016/j.neuroimage.2011.10.018",
    "power2014": "Power JD et al. (2014). Methods to detect, characterize, and remove motion "
    "artifact in resting state fMRI. NeuroImage 84:320-341. doi:10.1016/j.neuroimage.2013.08.048",
    "pybids": "Yarkoni T et al. (2019). PyBIDS: Python tools for BIDS datasets. Journal of Open "
    "Source Software 4(40):1294. doi:10.21105/joss.01294",
    "satterthwaite": "Satterthwaite FE (1946). An approximate distribution of estimates of "
    "variance components. Biometrics Bulletin 2:110-114. doi:10.2307/3002019",
    "satterthwaite2013": "Satterthwaite TD et al. (2013). An improved framework for confound "
    "regression and filtering for control of motion artifact in the preprocessing of resting-state "
    "functional connectivity data. NeuroImage 64:240-256. doi:10.1016/j.neuroimage.2012.08.052",
    "schaefer": "Schaefer A et al. (2018). Local-global parcellation of the human cerebral cortex "
    "from intrinsic functional connectivity MRI. Cerebral Cortex 28:3095-3114. "
    "doi:10.1093/cercor/bhx179",
    "schulz": "Schulz KF, Altman DG, Moher D (2010). CONSORT 2010 statement: updated guidelines "
    "for reporting parallel group randomised trials. BMJ 340:c332. doi:10.1136/bmj.c332",
    "seitzman": "Seitzman BA et al. (2020). A set of functionally-defined brain regions with "
    "improved representation of the subcortex and cerebellum. NeuroImage 206:116290. "
    "doi:10.1016/j.neuroimage.2019.116290",
    "senn": "Senn S (2002). Cross-over trials in clinical research, 2nd edition. Wiley, "
    "Chichester. doi:10.1002/0470854596",
    "shrout": "Shrout PE, Fleiss JL (1979). Intraclass correlations: uses in assessing rater "
    "reliability. Psychological Bulletin 86:420-428. doi:10.1037/0033-2909.86.2.420",
    "spm": "Friston KJ et al. (2002). Classical and Bayesian inference in neuroimaging: "
    "applications. NeuroImage 16:484-512. doi:10.1006/nimg.2002.1091",
    "stephan": "Stephan KE, Weiskopf N, Drysdale PM, Robinson PA, Friston KJ (2007). Comparing "
    "hemodynamic models with DCM. NeuroImage 38:387-401. doi:10.1016/j.neuroimage.2007.07.040",
    "stuart": "Stuart EA (2010). Matching methods for causal inference: a review and a look "
    "forward. Statistical Science 25:1-21. doi:10.1214/09-STS313",
    "tian": "Tian Y et al. (2020). Topographic organization of the human subcortex unveiled with "
    "functional connectivity gradients. Nature Neuroscience 23:1421-1432. "
    "doi:10.1038/s41593-020-00711-6",
    "vanbuuren": "van Buuren S, Groothuis-Oudshoorn K (2011). mice: multivariate imputation by "
    "chained equations in R. Journal of Statistical Software 45(3). doi:10.18637/jss.v045.i03",
    "varma": "Varma S, Simon R (2006). Bias in error estimation when using cross-validation for "
    "model selection. BMC Bioinformatics 7:91. doi:10.1186/1471-2105-7-91",
    "walther": "Walther A et al. (2016). Reliability of dissimilarity measures for multi-voxel "
    "pattern analysis. NeuroImage 137:188-200. doi:10.1016/j.neuroimage.2015.12.012",
    "welch": "Welch BL (1947). The generalization of `Student's' problem when several different "
    "population variances are involved. Biometrika 34:28-35. doi:10.1093/biomet/34.1-2.28",
    "welch1951": "Welch BL (1951). On the comparison of several mean values: an alternative "
    "approach. Biometrika 38:330-336. doi:10.1093/biomet/38.3-4.330",
    "worsley": "Worsley KJ, Friston KJ (1995). Analysis of fMRI time-series revisited \u2013 "
    "again. NeuroImage 2:173-181. doi:10.1006/nimg.1995.1023",
    "yates": "Yates F (1934). Contingency tables involving small numbers and the chi-square test. "
    "Supplement to the Journal of the Royal Statistical Society 1:217-235. doi:10.2307/2983604",
    "zalesky": "Zalesky A, Fornito A, Bullmore ET (2010). Network-based statistic: identifying "
    "differences in brain networks. NeuroImage 53:1197-1207. doi:10.1016/j.neuroimage.2010.06.041",
    "zeidman": "Zeidman P, Jafarian A, Corbin N, Seghier ML, Razi A, Price CJ, Friston KJ (2019). "
    "A guide to group effective connectivity analysis, part 1: First level analysis with DCM for "
    "fMRI. NeuroImage 200:174-190. doi:10.1016/j.neuroimage.2019.06.031",
    "zeidman2": "Zeidman P, Jafarian A, Seghier ML, Litvak V, Cagnan H, Price CJ, Friston KJ "
    "(2019). A guide to group effective connectivity analysis, part 2: Second level analysis with "
    "PEB. NeuroImage 200:12-25. doi:10.1016/j.neuroimage.2019.06.032",
    "zou": "Zou H, Hastie T (2005). Regularization and variable selection via the elastic net. "
    "Journal of the Royal Statistical Society B 67:301-320. "
    "doi:10.1111/j.1467-9868.2005.00503.x",
}
