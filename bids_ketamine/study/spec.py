"""The study specification: what is computed, from what, and with which settings.

Every scientific default of the app is written in the sections below and nowhere else. A study
file (YAML) has one key per field; :mod:`bids_ketamine.study.load` reads it.
"""

from __future__ import annotations

from dataclasses import dataclass

from bids_ketamine.study.clinical_sections import (
    BehaviourSpec,
    CrossoverSpec,
    MixedModelSpec,
    RepeatedMeasuresSpec,
    ResponseSpec,
    SymptomDimensionsSpec,
    TableOneSpec,
)
from bids_ketamine.study.confound_sections import ConfoundsSpec, OutliersSpec
from bids_ketamine.study.connectivity_sections import GppiSpec, RestSpec
from bids_ketamine.study.course_sections import (
    ClinicalCourseSpec,
    LogisticRegressionSpec,
    PrimaryOutcomesSpec,
    ScoreCorrelationsSpec,
)
from bids_ketamine.study.data_sections import (
    ChangeSpec,
    InputsSpec,
    SessionSpec,
)
from bids_ketamine.study.dcm_sections import DcmModelSpec, DcmSpec
from bids_ketamine.study.elastic_net_section import ElasticNetSpec
from bids_ketamine.study.fields import setting
from bids_ketamine.study.group_sections import (
    ArmsSpec,
    CovariateSpec,
    ExclusionsSpec,
    GroupSpec,
    OutcomeSpec,
)
from bids_ketamine.study.model_sections import (
    ConditionSpec,
    ContrastSpec,
    ErrorTrialsSpec,
    GlmSpec,
    TaskSpec,
)
from bids_ketamine.study.network_group_sections import (
    ControlsSpec,
    EdgeStatisticsSpec,
    ReliabilitySpec,
    VolumesSpec,
)
from bids_ketamine.study.peb_section import PebSpec
from bids_ketamine.study.region_sections import (
    OWN_SEGMENTATION,
    RegionSpec,
    RegionsSpec,
    WholeAtlasSpec,
)
from bids_ketamine.study.resting_sections import CleaningSpec, NetworksSpec
from bids_ketamine.study.similarity_sections import RsaSpec

__all__ = [
    "OWN_SEGMENTATION",
    "ArmsSpec",
    "BehaviourSpec",
    "ChangeSpec",
    "CleaningSpec",
    "ClinicalCourseSpec",
    "ConditionSpec",
    "ConfoundsSpec",
    "ContrastSpec",
    "ControlsSpec",
    "CovariateSpec",
    "CrossoverSpec",
    "DcmModelSpec",
    "DcmSpec",
    "EdgeStatisticsSpec",
    "ElasticNetSpec",
    "ErrorTrialsSpec",
    "ExclusionsSpec",
    "GlmSpec",
    "GppiSpec",
    "GroupSpec",
    "InputsSpec",
    "LogisticRegressionSpec",
    "MixedModelSpec",
    "NetworksSpec",
    "OutcomeSpec",
    "OutliersSpec",
    "PebSpec",
    "PrimaryOutcomesSpec",
    "RegionSpec",
    "RegionsSpec",
    "ReliabilitySpec",
    "RepeatedMeasuresSpec",
    "ResponseSpec",
    "RestSpec",
    "RsaSpec",
    "ScoreCorrelationsSpec",
    "SessionSpec",
    "StudySpec",
    "SymptomDimensionsSpec",
    "TableOneSpec",
    "TaskSpec",
    "VolumesSpec",
    "WholeAtlasSpec",
]


@dataclass(frozen=True, kw_only=True)
class StudySpec:
    """A whole study."""

    name: str = setting("Short name", entity=True)
    title: str = setting("One line for the report", default="")
    references: tuple[str, ...] = setting("Papers the study follows", default=())
    inputs: InputsSpec = setting("Which derivatives are read", default=InputsSpec())
    sessions: tuple[SessionSpec, ...] = setting("Sessions by their meaning in the trial")
    changes: tuple[ChangeSpec, ...] = setting("Differences between sessions", default=())
    regions: RegionsSpec | None = setting("Regions of interest", default=None)
    tasks: tuple[TaskSpec, ...] = setting("Tasks modelled with a GLM, by name", default=())
    glm: GlmSpec = setting("First-level GLM", default=GlmSpec())
    rest: RestSpec | None = setting("Resting connectivity", default=None)
    cleaning: CleaningSpec | None = setting(
        "Cleaning of resting series that leaves volumes out", default=None
    )
    networks: NetworksSpec | None = setting("Networks of resting connectivity", default=None)
    volumes: VolumesSpec | None = setting("Volumes of brain structures", default=None)
    gppi: GppiSpec | None = setting("Generalized PPI of tasks", default=None)
    rsa: RsaSpec | None = setting("Representational similarity of a task", default=None)
    dcm: DcmSpec | None = setting("Dynamic causal models of tasks", default=None)
    peb: PebSpec | None = setting("Group level of dynamic causal models", default=None)
    arms: ArmsSpec | None = setting("Treatment arms", default=None)
    outcomes: tuple[OutcomeSpec, ...] = setting("Clinical scores, by name", default=())
    covariates: tuple[CovariateSpec, ...] = setting(
        "Participant-level covariates, by name", default=()
    )
    table_one: TableOneSpec | None = setting("Participants at baseline, by arm", default=None)
    repeated_measures: RepeatedMeasuresSpec | None = setting(
        "Analysis of variance of clinical scores", default=None
    )
    behaviour: BehaviourSpec | None = setting("Accuracy and reaction time", default=None)
    symptom_dimensions: SymptomDimensionsSpec | None = setting(
        "A measure's change and dimensions of a questionnaire", default=None
    )
    mixed_models: tuple[MixedModelSpec, ...] = setting(
        "Mixed models of scores and measures, by name", default=()
    )
    clinical_course: ClinicalCourseSpec | None = setting(
        "Response and remission by visit", default=None
    )
    score_correlations: ScoreCorrelationsSpec | None = setting(
        "Correlations of scores with an outcome's change", default=None
    )
    logistic_regressions: tuple[LogisticRegressionSpec, ...] = setting(
        "Logistic regressions of scores, by name", default=()
    )
    edge_statistics: EdgeStatisticsSpec | None = setting("Tests of every edge", default=None)
    controls: ControlsSpec | None = setting("Comparison with controls", default=None)
    reliability: ReliabilitySpec | None = setting(
        "Reliability of sessions without treatment between them", default=None
    )
    primary_outcomes: PrimaryOutcomesSpec | None = setting(
        "Primary outcomes, corrected together", default=None
    )
    crossover: CrossoverSpec | None = setting("Periods of a crossover trial", default=None)
    elastic_net: ElasticNetSpec | None = setting("Improvement from imaging measures", default=None)
    exclusions: ExclusionsSpec = setting("Who is left out", default=ExclusionsSpec())
    group: GroupSpec = setting("Group statistics", default=GroupSpec())

    @property
    def has_imaging(self) -> bool:
        """Whether there is anything for the participant level; else it is a study of scores."""
        sections = (self.rest, self.gppi, self.rsa, self.dcm, self.volumes)
        return bool(self.tasks) or any(section is not None for section in sections)

    @property
    def participant_variables(self) -> tuple[CovariateSpec, ...]:
        """Covariates, and the further variables of `table_one`."""
        further = self.table_one.variables if self.table_one is not None else ()
        return (*self.covariates, *further)

    @property
    def own_sessions(self) -> tuple[SessionSpec, ...]:
        """Sessions of the dataset, without those that are the mean of others."""
        return tuple(session for session in self.sessions if session.in_dataset)

    @property
    def scanned_sessions(self) -> tuple[SessionSpec, ...]:
        """Sessions of the dataset that have images."""
        return tuple(session for session in self.own_sessions if session.scanned)

    @property
    def imaged_sessions(self) -> tuple[SessionSpec, ...]:
        """Sessions with imaging measures: those with images, and means of such."""
        scanned = {session.name for session in self.scanned_sessions}
        return tuple(
            session
            for session in self.sessions
            if session.name in scanned or scanned.intersection(session.mean_of)
        )

    @property
    def imaged_changes(self) -> tuple[ChangeSpec, ...]:
        """Changes between sessions with imaging measures."""
        imaged = {session.name for session in self.imaged_sessions}
        return tuple(each for each in self.changes if {each.first, each.second} <= imaged)

    @property
    def session_means(self) -> dict[str, tuple[str, ...]]:
        """Parts of each session that is the mean of others, by its name."""
        return {each.name: each.mean_of for each in self.sessions if each.mean_of}

    def session(self, name: str) -> SessionSpec:
        """Return the session of that name."""
        return next(session for session in self.sessions if session.name == name)

    def gppi_of(self, task: TaskSpec) -> GppiSpec | None:
        """Return how generalized PPI of a task is computed; None if it is not."""
        chosen = self.gppi is not None and task.name in (self.gppi.tasks or (task.name,))
        return self.gppi if chosen else None

    def rsa_of(self, task: TaskSpec) -> RsaSpec | None:
        """Return how pattern similarity of a task is computed; None if it is not."""
        return self.rsa if self.rsa is not None and self.rsa.task == task.name else None

    def dcm_models_of(self, task: TaskSpec) -> tuple[DcmModelSpec, ...]:
        """Return the dynamic causal models of a task, in the order of the study."""
        models = self.dcm.models if self.dcm is not None else ()
        return tuple(model for model in models if model.task == task.name)
