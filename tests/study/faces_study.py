"""A small sound study of faces and shapes, to which tests add sections."""

STUDY = """\
name: mine
sessions: {pre: {label: "01"}}
regions: {atlas: mine, definitions: {a: {spheres: [[0, 0, 0]]}, b: {spheres: [[9, 0, 0]]}}}
glm: {noise_model: ar1}
tasks:
  faces:
    conditions:
      faces: {trial_type: [fear, calm, "3"]}
      shapes: {}
    contrasts: {effect: {weights: faces - shapes}}
"""
