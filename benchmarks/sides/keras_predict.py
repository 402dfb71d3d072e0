"""The peer of `visus predict`: what a course would write, as one script."""

import sys

import keras
import numpy as np
from PIL import Image

model = keras.models.load_model(sys.argv[1])
picture = Image.open(sys.argv[2]).convert("L").resize((28, 28))
images = np.array(picture, dtype="float32")[None, :, :, None] / 255
scores = model.predict(images, verbose=0)[0]
print(sys.argv[2], scores.argmax(), f"{scores.max():.1%}")
