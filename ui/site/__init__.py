"""The static site: the app's viewer, story and numbers as files for any web server; the networks run in the browser.

python -m ui.site --out site

runtime.py   ONNX Runtime for browsers, from npm
networks.py  graphs of the networks, and what the page must know of each
samples.py   the project's photographs, with maps computed earlier
lesson.py    the page Scaling's sentences, sliders and figures as plain data
build.py     builds the site in a folder
parts/       code of the site only; it also uses the components' modules

In parts/, main.js shows the page that the address names: the story, compare.js, lesson.js or evidence.js.

    compare.js, rows.js      the page Compare, and its photographs as rows
    asking.js, chips.js      its choices, and its row of networks
    bringing.js, live.js     the visitor's own photographs, and the camera
    networks.js, engine.js   the networks: as the page sees them, and the worker that they run in
    download.js              a network's file, fetched and checked
    photograph.js            decodes a file to pixels
    resampling.js            resamples pixels to a network's input
    answers.js, costs.js     what follows from logits; the cost of a scaled network
    lesson.js, chart.js      the lesson and its figures
    mount.js                 a component of the app without Streamlit
    offline.js, sw.js        the service worker, and its registration
"""
