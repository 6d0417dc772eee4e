"""The app's routes."""

from django.urls import path

from powerplant import views
from powerplant.live.views import PlanStream

urlpatterns = [
    path("productionplan", views.ProductionPlan.as_view()),
    path("api/v1/plans/stream", PlanStream.as_view()),
]
