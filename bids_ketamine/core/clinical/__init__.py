"""Clinical statistics: baseline characteristics, repeated measures, symptom dimensions."""
