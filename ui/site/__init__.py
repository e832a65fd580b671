"""The static site: the app's own viewer, story and numbers as files that any host serves, and the networks in the browser.

python -m ui.site --out site

runtime.py   ONNX Runtime for browsers, from npm
networks.py  graphs of the networks, and what the page must know of each
samples.py   the photographs that come along, with maps computed earlier
lesson.py    the page Scaling's sentences, sliders and figures as plain data
build.py     all of it as a folder
parts/       what is written for the site alone; what else it needs are the components' own modules

In parts/, main.js shows what the address names: the story, compare.js, lesson.js or evidence.js.

    compare.js, rows.js      the page Compare, and its photographs as rows
    asking.js, chips.js      its choices, and its row of networks
    bringing.js, live.js     the visitor's own photographs, and the camera
    networks.js, engine.js   the networks: as the page sees them, and the worker that they run in
    download.js              a network's file, fetched and checked
    photograph.js            a file becomes pixels
    resampling.js            pixels become what a network sees
    answers.js, costs.js     what follows from logits; what a scaled network costs
    lesson.js, chart.js      the lesson and its figures
    mount.js                 a component of the app without Streamlit
    offline.js, sw.js        the service worker, and how it comes in
"""
